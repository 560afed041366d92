// What the controller costs in a real cluster: processor time of a change, and memory after many.
//
//   npm run bench:controller [-- --services 100,1000,5000 --proxies 20 --rounds 15 --changes 2000]
//
// The cluster is the test program (test/kube). A change goes all the way: API server, watch, mesh, tables, proxies.
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { mergeValues } from '../../src/install/merge.ts';
import { renderManifests } from '../../src/install/render/manifests.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import { inParallel } from '../../src/kube/in-parallel.ts';
import { type KubeObject, refOf } from '../../src/kube/object.ts';
import { waitReady } from '../../src/kube/wait.ts';
import { startCluster, type TestCluster } from '../../test/kube/cluster.ts';
import { median, root } from '../measure.ts';
import { number, table } from '../proxy/report.ts';
import type { ClientsMessage, ClientsReport } from '../xds/clients.ts';
import { endpointSlice, hasRoutes, namespaces, objectsOf, pod, unrelatedPod, virtualService } from './mesh.ts';
import type { ServerMessage, ServerReport } from './server.ts';

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '100,1000,5000' },
    proxies: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '15' },
    changes: { type: 'string', default: '2000' },
  },
});
const proxies = Number(values.proxies);
const rounds = Number(values.rounds);
const changes = Number(values.changes);
/** Changes that are not counted: a control plane runs for long. */
const warmUp = 5;
/** The same for each change, and longer than any takes to come to rest. */
const windowMs = 600;

/** Of bin/weft. */
const weftFlags = ['--v8-pool-size=1', '--min-semi-space-size=4', '--max-semi-space-size=8'];
const weftEnvironment = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '131072' };

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** In one file, as the command is: from sources Node has to have them all, and what takes their types away, in memory. */
function bundled(): string {
  const outfile = join(root, 'node_modules/.cache/bench-controller-server.mjs');
  const entry = join(import.meta.dirname, 'server.ts');
  buildSync({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'error' });
  return outfile;
}

function answer<Reply>(child: ChildProcess, message?: ServerMessage | ClientsMessage): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a process of the benchmark ended'));
    child.once('exit', ended);
    child.once('message', (reply: Reply) => {
      child.off('exit', ended);
      resolve(reply);
    });
    if (message !== undefined) child.send(message);
  });
}

interface Measured {
  services: number;
  resources: number;
  startSeconds: number;
  /** CPU in milliseconds, of a window in which nothing changed. */
  idle: number;
  endpoint: number;
  virtualService: number;
  pod: number;
  memory: { rss: number; heap: number }[];
}

async function fill(client: KubeClient, services: number): Promise<void> {
  const { values: all } = mergeValues({ files: [], set: [], profile: 'minimal' });
  const objects = renderManifests(all, { weftVersion: '1' })
    .map(({ object }) => object)
    .filter(({ kind }) => kind !== 'Deployment' && !kind.endsWith('WebhookConfiguration'));
  for (const object of objects) await client.apply(object, { force: true });
  await waitReady(
    client,
    objects.filter(({ kind }) => kind === 'CustomResourceDefinition'),
    { timeoutMs: 60_000 },
  );
  await client.resource('networking.istio.io/v1', 'VirtualService', { fresh: true });
  const spaces = namespaces(services).flatMap((name): KubeObject[][] => [
    [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }],
    [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } }],
  ]);
  for (const group of spaces) for (const object of group) await client.apply(object, { force: true });
  const created = [pod(unrelatedPod), ...Array.from({ length: services }, (_, i) => objectsOf(i)).flat()];
  await inParallel(created, (object) => client.create(object), 32);
}

async function measure(services: number): Promise<Measured> {
  // What makes pods run is not needed, and would change them.
  const cluster: TestCluster = await startCluster({ workloads: false });
  const client = await connect({ kubeconfig: cluster.kubeconfig });
  const children: ChildProcess[] = [];
  try {
    await fill(client, services);
    const stdio: ('ignore' | 'inherit' | 'ipc')[] = ['ignore', 'inherit', 'inherit', 'ipc'];
    const began = performance.now();
    const server = fork(bundled(), [cluster.kubeconfig], {
      stdio,
      env: { ...process.env, ...weftEnvironment },
      execArgv: ['--no-warnings', '--expose-gc', ...weftFlags, ...(process.env.NODE_FLAGS ?? '').split(' ').filter(Boolean)],
    });
    children.push(server);
    const { port, resources } = await answer<ServerReport>(server);
    const startSeconds = (performance.now() - began) / 1000;
    const clients = fork(join(import.meta.dirname, '../xds/clients.ts'), [], { stdio, execArgv: ['--no-warnings'] });
    children.push(clients);
    clients.send({ kind: 'connect', port, count: proxies, namespaces: 1, routes: '80' } satisfies ClientsMessage);
    for (let bytes = 1; bytes > 0; ) {
      await pause(1_500);
      ({ bytes } = await answer<ClientsReport>(clients, { kind: 'report' }));
    }
    const memory = async (): Promise<{ rss: number; heap: number }> => (await answer<ServerReport>(server, 'memory')).memory as { rss: number; heap: number };
    const cost = async (change: (value: number) => Promise<unknown>, isTold: boolean): Promise<number> => {
      const all: number[] = [];
      for (let round = -warmUp; round < rounds; round++) {
        await answer<ClientsReport>(clients, { kind: 'report', reset: true });
        const before = await answer<ServerReport>(server, 'report');
        await change(round + warmUp);
        await pause(windowMs);
        const after = await answer<ServerReport>(server, 'report');
        const { reached } = await answer<ClientsReport>(clients, { kind: 'report' });
        if (reached !== (isTold ? proxies : 0)) throw new Error(`a change reached ${reached} of ${proxies} proxies`);
        if (round >= 0) all.push((after.cpu - before.cpu) * 1000);
      }
      return median(all);
    };
    const put = (object: KubeObject): Promise<unknown> => client.apply(object, { force: true });
    const at = (value: number): number => (value * 37) % services;
    const routed = (value: number): number => Math.floor(at(value) / 5) * 5;
    const loaded = await memory();
    const idle = await cost(async () => {}, false);
    const endpoint = await cost((value) => put(endpointSlice(at(value), value + 2)), true);
    const ofRoutes = await cost((value) => put(virtualService(routed(value), value + 2)), true);
    const ofPod = await cost((value) => client.patch(refOf(pod(unrelatedPod)), { metadata: { labels: { value: String(value + 2) } } }), false);
    const found = [loaded];
    for (let run = 0; run < 2; run++) {
      await inParallel(
        Array.from({ length: changes }, (_, i) => i),
        (i) => {
          const value = run * changes + i;
          return hasRoutes(i) ? put(virtualService(routed(i), (value % 1000) + 30)) : put(endpointSlice(at(i), value + 30));
        },
        8,
      );
      await pause(3_000);
      found.push(await memory());
    }
    return { services, resources, startSeconds, idle, endpoint, virtualService: ofRoutes, pod: ofPod, memory: found };
  } finally {
    for (const child of children) if (child.connected) child.disconnect();
    client.close();
    await cluster.stop();
  }
}

const measured: Measured[] = [];
for (const services of values.services.split(',').map(Number)) measured.push(await measure(services));

console.log(`## ${proxies} proxies; CPU of one change, median of ${rounds}, with what an idle window of ${windowMs} ms takes\n`);
console.log(
  table(
    ['services', 'resources', 'read in', 'idle', 'endpoint', 'VirtualService', 'unrelated Pod'],
    measured.map(({ services, resources, startSeconds, idle, endpoint, virtualService: ofRoutes, pod: ofPod }) => [
      String(services),
      String(resources),
      `${number(startSeconds, 1)} s`,
      ...[idle, endpoint, ofRoutes, ofPod].map((ms) => `${number(ms, 1)} ms`),
    ]),
  ),
);
console.log(`\n## Memory: heap (resident), after the load, and after ${changes} and ${2 * changes} changes\n`);
console.log(
  table(
    ['services', 'loaded', `${changes} changes`, `${2 * changes} changes`],
    measured.map(({ services, memory }) => [String(services), ...memory.map(({ heap, rss }) => `${number(heap, 0)} MB (${number(rss, 0)} MB)`)]),
  ),
);
