// The control plane as a command, with a real Envoy that is started with the bootstrap that weft prints.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { setup } from '../cli/setup.ts';
import { backend, closeAll, freePorts, toClose, until } from '../proxy/support.ts';
import { ask, Folder, WeftProcess } from '../proxy/weft-process.ts';
import { envoyProgram } from './envoy.ts';

beforeAll(setup);
afterEach(closeAll);

const envoy = envoyProgram();
const weft = join(import.meta.dirname, '../../bin/weft');
const fixture = join(import.meta.dirname, '../../fixtures/payment');
const host = 'payment-service.payment.svc.cluster.local';

/** The fixture, reached through a gateway, since nothing redirects connections to a sidecar here. */
function payment(port: number): { files: Record<string, string>; routes: string } {
  const files = Object.fromEntries(
    readdirSync(fixture)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => [name, readFileSync(join(fixture, name), 'utf8')]),
  );
  const routes = `${files['virtual-service.yaml']}`.replace('  hosts:', '  gateways: [edge]\n  hosts:');
  return { files: { ...files, 'virtual-service.yaml': routes, 'gateway.yaml': gateway(port) }, routes };
}

const gateway = (...ports: number[]): string => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: payment }
spec:
  selector: { istio: edge }
  servers: [${ports.map((port) => `{ port: { number: ${port}, name: http-${port}, protocol: HTTP }, hosts: ['*'] }`).join(', ')}]
`;

const filter = `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: header, namespace: payment }
spec:
  workloadSelector: { labels: { istio: edge } }
  configPatches:
    - applyTo: VIRTUAL_HOST
      match: { context: GATEWAY }
      patch:
        operation: MERGE
        value: { response_headers_to_add: [{ header: { key: x-patched, value: 'yes' } }] }
`;

/** A pod that runs on a port of this machine. */
const endpoint = (version: string, port: number): string => `apiVersion: v1
kind: Pod
metadata: { name: payment-service-${version}-0, namespace: payment, labels: { app: payment-service, version: ${version} } }
spec: { containers: [{ name: payment-service, image: payment-service }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: payment-service-${version}, namespace: payment, labels: { kubernetes.io/service-name: payment-service } }
addressType: IPv4
ports: [{ name: http, port: ${port}, protocol: TCP }]
endpoints:
  - { addresses: [127.0.0.1], conditions: { ready: true }, targetRef: { kind: Pod, name: payment-service-${version}-0, namespace: payment } }
`;

interface Status {
  name: string;
  proxy: { program: string; version: string };
  protocol: string;
  types: { type: string; status: string; refusal?: { text: string } }[];
}

function statusesAt(address: string): Status[] {
  const { stdout, stderr, status } = spawnSync(weft, ['proxy-status', '--xds-address', address, '-o', 'json'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Status[];
}

const states = (status: Status | undefined): Record<string, string> =>
  Object.fromEntries((status?.types ?? []).map(({ type, status: state }) => [type, state]));

function startEnvoy(bootstrap: string): { output: () => string; process: ChildProcess } {
  const child = spawn(envoy as string, ['-c', bootstrap, '--concurrency', '1', '--use-dynamic-base-id', '-l', 'warning'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  toClose({ close: () => child.kill('SIGKILL') });
  return { output: () => output, process: child };
}

test.runIf(envoy !== undefined).each(['delta', 'sotw'])(
  'fixtures/payment over ADS (%s): a canary, an EnvoyFilter, a refusal, a killed control plane',
  { timeout: 500_000 },
  async (protocol) => {
    const [xds = 0, port = 0, admin = 0] = await freePorts(3);
    const named = (name: string): Promise<number> => backend((_, response) => response.end(name));
    const [v1, v2, other] = await Promise.all([named('v1'), named('v2'), named('v2, elsewhere')]);
    const { files, routes } = payment(port);
    const folder = new Folder({ ...files, 'v1.yaml': endpoint('v1', v1), 'v2.yaml': endpoint('v2', v2) });
    const address = `127.0.0.1:${xds}`;
    const serve = async (): Promise<WeftProcess> => {
      const process = new WeftProcess('xds', 'serve', '-f', folder.path, '--address', address);
      await process.says(/ serving /);
      return process;
    };
    const first = await serve();
    const bootstrap = join(dirname(folder.path), 'envoy.json');
    const args = ['--xds-address', address, '--xds-protocol', protocol, '--gateway', 'payment/edge', '--admin-port', String(admin)];
    const printed = spawnSync(weft, ['proxy', 'bootstrap', ...args, '--stats-port', '0', '--agent-port', '0', '--health-port', '0'], { encoding: 'utf8' });
    expect(printed.stderr).toBe('');
    writeFileSync(bootstrap, printed.stdout);
    const { output } = startEnvoy(bootstrap);
    const answer = (): Promise<string> => ask(port, host).catch((error: NodeJS.ErrnoException) => error.code ?? '');
    await until(async () => (await answer()) === 'v1', 'the first answer', 60_000);

    const all = { CDS: 'SYNCED', LDS: 'SYNCED', EDS: 'SYNCED', RDS: 'SYNCED', ...(protocol === 'delta' ? { VHDS: 'SYNCED' } : {}) };
    const has = (expected: Record<string, string>) => (): boolean => isDeepStrictEqual(states(statusesAt(address)[0]), expected);
    await until(has(all), 'synced', 60_000);
    expect(statusesAt(address)).toMatchObject([{ name: 'edge', proxy: { program: 'envoy', version: expect.stringMatching(/^\d+\.\d+\.\d+/) }, protocol }]);

    // A quarter of the requests to the new version.
    const canary = routes.replace(
      'weight: 100\n',
      'weight: 75\n        - destination:\n            host: payment-service\n            subset: v2\n          weight: 25\n',
    );
    folder.write('virtual-service.yaml', canary);
    await until(async () => (await answer()) === 'v2', 'an answer of the canary', 60_000);
    const answers = await Promise.all(Array.from({ length: 200 }, answer));
    expect(new Set(answers)).toEqual(new Set(['v1', 'v2']));

    // Its endpoint is another one.
    folder.write('v2.yaml', endpoint('v2', other));
    await until(async () => (await answer()) === 'v2, elsewhere', 'an answer of the new endpoint', 60_000);
    folder.write('v2.yaml', endpoint('v2', v2));
    await until(async () => (await answer()) === 'v2', 'an answer of the old endpoint', 60_000);

    folder.write('filter.yaml', filter);
    await until(async () => (await ask(port, host, 'x-patched')) === 'yes', 'an answer with the header of the EnvoyFilter', 60_000);
    folder.write('filter.yaml', '');
    await until(async () => (await ask(port, host, 'x-patched')) === '', 'an answer without it', 60_000);

    // A port that another process has: nobody but Envoy can know.
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '0.0.0.0', resolve));
    toClose(taken);
    folder.write('gateway.yaml', gateway(port, (taken.address() as AddressInfo).port));
    await first.says(/a proxy refuses what it was sent, and goes on with what it had: .*Address already in use.* proxy=edge\.payment .*type=LDS/);
    await until(has({ ...all, LDS: 'ERROR' }), 'the others are taken', 60_000);
    const [refused] = statusesAt(address);
    expect(refused?.types.find(({ type }) => type === 'LDS')?.refusal?.text).toContain('Address already in use');
    expect(await answer()).toMatch(/^v[12]$/);
    folder.write('gateway.yaml', gateway(port));
    await until(has(all), 'repaired', 60_000);

    first.signal('SIGKILL');
    await first.exited;
    expect(await answer()).toMatch(/^v[12]$/);
    folder.write('virtual-service.yaml', routes.replace('subset: v1', 'subset: v2'));
    await serve();
    await until(has(all), 'reconnected', 100_000);
    await until(async () => (await Promise.all(Array.from({ length: 40 }, answer))).every((text) => text === 'v2'), 'all to the new version', 60_000);
    expect(output().match(/^.*\]\[(?:error|critical)\](?!.*Address already in use).*$/gm)).toBeNull();
  },
);
