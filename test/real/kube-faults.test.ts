// The API server, weft or the controller is killed in the middle of what changes a cluster: doing the same again completes it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { type LocalController, localController } from '../kube/controller.ts';
import { type Gate, openGate } from '../kube/gate.ts';
import { inventory, written } from '../kube/inventory.ts';
import { Snapshots } from '../kube/snapshots.ts';
import { type Ran, startWeft, weft } from '../kube/weft.ts';
import { until } from '../proxy/support.ts';

const available = await clusterAvailable();

type Operation = 'install' | 'upgrade' | 'tag' | 'uninstall' | 'purge';

/** `away`: the API server is killed, and stays away until weft has ended. `restarted`: it is back after a moment. */
type Victim = 'away' | 'restarted' | 'weft' | 'controller';

/** What is killed, at which part of the writes (0: at the first one, 1: at the last one), and whether that write was done. */
const points: readonly [Operation, Victim, number, 'before' | 'after'][] = [
  ['install', 'weft', 0, 'after'],
  ['install', 'away', 0.1, 'before'],
  ['install', 'away', 0.5, 'after'],
  ['install', 'weft', 0.7, 'before'],
  ['install', 'restarted', 0.85, 'after'],
  ['install', 'weft', 1, 'before'],
  ['upgrade', 'away', 0, 'after'],
  ['upgrade', 'weft', 0.3, 'after'],
  ['upgrade', 'controller', 0.4, 'after'],
  ['upgrade', 'restarted', 0.5, 'before'],
  ['upgrade', 'weft', 0.8, 'before'],
  ['upgrade', 'away', 1, 'before'],
  ['tag', 'weft', 0, 'after'],
  ['tag', 'away', 1, 'before'],
  ['tag', 'controller', 0, 'before'],
  ['uninstall', 'away', 0.2, 'after'],
  ['uninstall', 'weft', 0.6, 'after'],
  ['uninstall', 'weft', 1, 'before'],
  ['purge', 'weft', 0.3, 'after'],
  ['purge', 'away', 0.7, 'before'],
];

/** The state that it starts from. */
const startOf: Readonly<Record<Operation, string>> = {
  install: 'empty',
  upgrade: 'installed',
  tag: 'two-revisions',
  uninstall: 'two-revisions',
  purge: 'two-revisions',
};

/** What pods get after it, by the tag of the image. */
const imageAfter = { upgrade: /:v2$/, tag: /:canary$/, uninstall: /:v1$/ } as const;

const folder = mkdtempSync(join(tmpdir(), 'weft-faults-'));
let cluster: TestCluster;
let snapshots: Snapshots;
let gate: Gate;
let client: KubeClient;
let stable: LocalController;
let canary: LocalController;
/** By operation: how many writes it takes where nothing is in its way, and what is there after it. */
const undisturbed = new Map<Operation, { writes: number; result: Record<string, unknown> }>();

function valuesFile(tag: string, { target }: LocalController): string {
  const file = join(folder, `${tag}.json`);
  writeFileSync(file, JSON.stringify({ image: { tag }, controller: { serviceAnnotations: { 'kubelab/target': target } } }));
  return file;
}

function argumentsOf(operation: Operation): string[] {
  switch (operation) {
    case 'install':
      return ['install', '-y', '-f', valuesFile('v1', stable)];
    case 'upgrade':
      // New pods, another number of them, and the gateway goes.
      return ['upgrade', '-y', '--profile', 'minimal', '-f', valuesFile('v2', stable), '--set', 'controller.replicas=3'];
    case 'tag':
      return ['tag', 'set', 'prod', '--revision', 'canary', '--overwrite', '-y'];
    case 'uninstall':
      return ['uninstall', '--revision', 'canary', '-y'];
    case 'purge':
      return ['uninstall', '--purge', '-y'];
  }
}

const ofUsers: readonly KubeObject[] = [
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'cart', namespace: 'shop' }, spec: { ports: [{ name: 'http', port: 80 }] } },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: { hosts: ['cart'], http: [{ route: [{ destination: { host: 'cart' } }] }] },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'cart', namespace: 'shop', finalizers: ['example.com/slow'] },
    spec: { host: 'cart', trafficPolicy: { loadBalancer: { simple: 'LEAST_REQUEST' } } },
  },
];

async function uidsOfUsers(): Promise<(string | undefined)[]> {
  return Promise.all(
    ofUsers.map(async ({ apiVersion, kind, metadata }) => (await client.get({ apiVersion, kind, namespace: 'shop', name: metadata.name ?? '' }))?.metadata.uid),
  );
}

/** The image of the sidecar that a new pod would get; undefined for none. A dry run: the pod is not made. */
async function injectedImage(): Promise<string | undefined> {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'probe', namespace: 'shop' }, spec: { containers: [{ name: 'app', image: 'example/app' }] } };
  const made = await client.request<{ spec: { initContainers?: { name: string; image: string }[] } }>('/api/v1/namespaces/shop/pods', {
    method: 'POST',
    query: { dryRun: 'All' },
    body: pod,
    retry: false,
  });
  return made.spec.initContainers?.find(({ name }) => name === 'istio-proxy')?.image;
}

async function injects(pattern: RegExp, what: string): Promise<void> {
  let last: unknown;
  const look = (): Promise<boolean> =>
    injectedImage().then(
      (image) => {
        last = image;
        return pattern.test(image ?? 'none');
      },
      (error: Error) => {
        last = error.message;
        return false;
      },
    );
  await until(look, what, 120_000).catch((error: Error) => {
    throw new Error(`${error.message}; last: ${last}\n${stable.log.slice(-3000)}`);
  });
}

/** Ready pods of the control plane, whatever was in the middle of being changed. */
async function readyControllers(): Promise<number> {
  const found = await client.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'istio-system', name: 'weft-controller' });
  return (found?.status as { availableReplicas?: number } | undefined)?.availableReplicas ?? 0;
}

/** What controllers write by themselves, some moments after they serve: trust into all webhooks, and roots into all namespaces. */
async function untilWritten(): Promise<void> {
  const lacking = async (): Promise<string[]> => {
    const all = await inventory(client);
    const hooks = [...all].flatMap(([key, { webhooks = [] }]) =>
      (webhooks as { clientConfig: { caBundle?: string } }[]).every(({ clientConfig }) => clientConfig.caBundle) ? [] : [key],
    );
    const namespaces = [...all.values()].filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => `/ConfigMap ${metadata.name}/istio-ca-root-cert`);
    return [...hooks, ...namespaces.filter((key) => !all.has(key))];
  };
  await until(async () => (await lacking()).length === 0, 'controllers have written what they write', 120_000).catch(async (error: Error) => {
    throw new Error(`${error.message}; without: ${(await lacking()).join(', ')}`);
  });
}

async function begin(operation: Operation): Promise<void> {
  await Promise.all([stable.kill(), canary.kill()]);
  await snapshots.restore(startOf[operation]);
  gate.reset();
  // Controllers end with their Deployments; those of this test would make their Secrets again.
  if (operation === 'purge') await finishDestinationRule();
  if (operation === 'install' || operation === 'purge') return;
  stable.start();
  await stable.ready();
  await injects(/:v1$/, 'the first version serves');
}

/** What other objects own, and namespaces, go a moment later. */
async function state(): Promise<{ going: string[]; there: Record<string, unknown> }> {
  const all = await inventory(client);
  const going = [...all].filter(([, { metadata, kind }]) => metadata.deletionTimestamp && kind !== 'Pod').map(([key]) => key);
  return { going, there: written(all) };
}

/** What there is when nothing goes any more, and controllers have nothing more to write. */
async function finalState(): Promise<Record<string, unknown>> {
  let last = await state();
  const isQuiet = async (): Promise<boolean> => {
    await sleep(2_000);
    const before = last;
    last = await state();
    return last.going.length === 0 && isDeepStrictEqual(before, last);
  };
  await until(isQuiet, 'nothing changes any more', 120_000).catch((error: Error) => {
    throw new Error(`${error.message}; going: ${last.going.join(', ')}`);
  });
  return last.there;
}

/** Waits until there is what there is without disturbance. */
async function untilThereIs(result: Record<string, unknown>): Promise<void> {
  let last = await state();
  const isThere = async (): Promise<boolean> => {
    last = await state();
    return last.going.length === 0 && isDeepStrictEqual(last.there, result);
  };
  await until(isThere, 'the same is there as without disturbance', 120_000).catch(() => {});
  expect(last).toEqual({ going: [], there: result });
}

/** A finalizer of somebody else holds it, until that one has done its work. */
async function finishDestinationRule(): Promise<void> {
  const ref = { apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule', namespace: 'shop', name: 'cart' };
  if (await client.get(ref)) await client.patch(ref, { metadata: { finalizers: null } });
}

async function kill(victim: Victim, running: { child: { kill(signal: NodeJS.Signals): boolean } }, ended: Promise<Ran>): Promise<'go on' | 'cut'> {
  switch (victim) {
    case 'weft':
      running.child.kill('SIGKILL');
      await ended;
      return 'cut';
    case 'controller':
      await stable.kill();
      return 'go on';
    case 'away':
      await cluster.kill();
      return 'cut';
    case 'restarted':
      await cluster.kill();
      await cluster.restart();
      return 'cut';
  }
}

describe.runIf(available)('what changes a cluster can be killed at any time', () => {
  beforeAll(async () => {
    setup();
    cluster = await startCluster();
    snapshots = new Snapshots(cluster);
    gate = await openGate(cluster);
    client = await connect({ kubeconfig: cluster.kubeconfig });
    stable = await localController(cluster.kubeconfig);
    canary = await localController(cluster.kubeconfig, 'canary');
    const run = async (...args: string[]): Promise<void> => void (await weft(args, { kubeconfig: gate.kubeconfig }));
    const record = async (operation: Operation): Promise<void> => {
      gate.reset();
      await run(...argumentsOf(operation));
      const writes = gate.writes.length;
      undisturbed.set(operation, { writes, result: await finalState() });
    };
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { 'istio.io/rev': 'prod' } } });
    await snapshots.take('empty');
    await record('install');
    stable.start();
    await stable.ready();
    await run('tag', 'set', 'prod', '--revision', 'default', '-y');
    for (const object of ofUsers) await client.apply(object);
    await injects(/:v1$/, 'the first version serves');
    await untilWritten();
    await stable.kill();
    await snapshots.take('installed');
    await run('install', '-y', '--revision', 'canary', '--profile', 'minimal', '-f', valuesFile('canary', canary));
    canary.start();
    await canary.ready();
    await untilWritten();
    await canary.kill();
    await snapshots.take('two-revisions');
    for (const operation of ['upgrade', 'tag', 'uninstall', 'purge'] as const) {
      await begin(operation);
      await record(operation);
    }
  }, 900_000);

  afterAll(async () => {
    await Promise.all([stable?.kill(), canary?.kill()]);
    client?.close();
    await gate?.close();
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('each of them writes', () => {
    for (const [operation, { writes }] of undisturbed) expect({ operation, enough: writes >= 2 }).toEqual({ operation, enough: true });
    expect(Object.keys(undisturbed.get('purge')?.result ?? {}).filter((key) => /istio|weft/.test(key))).toEqual([]);
  });

  test.each(points)(
    '%s: %s, at %d of its writes, %s the write',
    async (operation, victim, part, when) => {
      await begin(operation);
      const users = operation === 'install' ? [] : await uidsOfUsers();
      const { writes, result } = undisturbed.get(operation) as { writes: number; result: Record<string, unknown> };
      gate.reset();
      let struck = false;
      const running = startWeft(argumentsOf(operation), { kubeconfig: gate.kubeconfig });
      gate.arrange({
        write: 1 + Math.round(part * (writes - 1)),
        when,
        act: () => {
          struck = true;
          return kill(victim, running, running.ended);
        },
      });
      const { status, stderr } = await running.ended;
      expect(struck).toBe(true);
      expect(stderr).not.toMatch(/^ {4}at /m);
      if (victim === 'weft') expect(status).toBe('SIGKILL');
      if (victim === 'controller') expect({ status, stderr }).toMatchObject({ status: 0 });
      if (victim === 'away') {
        expect(status).toBe(1);
        // What happened, and how to go on.
        expect(stderr).toMatch(/cannot be reached/);
        expect(stderr).toMatch(/again/);
        await cluster.restart();
      }
      if (victim === 'controller') stable.start();
      // Not before: it trusts itself in webhooks that a tag gives it, which weft does only where that was not done yet.
      if (operation === 'tag') {
        canary.start();
        await canary.ready();
      }

      // In the middle: what was there goes on.
      if (operation !== 'install' && operation !== 'purge') {
        expect(await uidsOfUsers()).toEqual(users);
        await until(async () => (await readyControllers()) > 0, 'the control plane runs', 120_000);
        await injects(/:(v1|v2|canary)$/, 'pods get sidecars');
      }

      const again = await weft(argumentsOf(operation), { kubeconfig: gate.kubeconfig });
      expect(again.stderr).not.toMatch(/^ {4}at /m);
      await untilThereIs(result);
      if (operation !== 'install' && operation !== 'purge') {
        expect(await uidsOfUsers()).toEqual(users);
        await injects(imageAfter[operation], 'the new version serves');
      }
    },
    600_000,
  );
});
