// How weft test grows: with the virtual services of the mesh, and with the requests that are tried.
//
//   node bench/route-tests.ts [RUNS]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare, line, measure, peakMemory, type Usage, weft } from './measure.ts';

const runs = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));

/** Namespaces that services are in, and that requests come from: each client has a routing table of its own. */
const namespaces = 10;

/** A service with two subsets and two rules. */
function service(i: number): string {
  const metadata = `{ name: svc-${i}, namespace: team-${i % namespaces} }`;
  return `apiVersion: v1
kind: Service
metadata: ${metadata}
spec: { selector: { app: svc-${i} }, ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: ${metadata}
spec: { host: svc-${i}, subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: ${metadata}
spec:
  hosts: [svc-${i}]
  http:
    - name: beta
      match: [{ headers: { x-beta: { exact: 'true' } }, uri: { prefix: /api } }]
      route: [{ destination: { host: svc-${i}, subset: v2 } }]
      timeout: 5s
    - name: main
      route: [{ destination: { host: svc-${i}, subset: v1 }, weight: 90 }, { destination: { host: svc-${i}, subset: v2 }, weight: 10 }]
      timeout: 2s
`;
}

/** Two tests of a service: of each rule, with as many requests. */
function tests(i: number, requests: number): string {
  const host = `svc-${i}.team-${i % namespaces}`;
  const paths = Array.from({ length: requests }, (_, path) => `/api/${path}`).join(', ');
  const from = `namespace/team-${(i + 1) % namespaces}`;
  return `  - name: ${host} splits its requests
    from: ${from}
    request: { host: ${host}, path: [${paths}] }
    expect: { destinations: [{ host: ${host}, subset: v1, percent: 90 }, { host: ${host}, subset: v2, percent: 10 }], timeout: 2s }
  - name: beta of ${host}
    from: ${from}
    request: { host: ${host}, path: [${paths}], headers: { x-beta: true } }
    expect: { route: beta, destinations: ${host}/v2, timeout: 5s }
`;
}

/** Arguments of a run. */
function input(services: number, requests: number): string[] {
  const [mesh, file] = ['mesh', 'tests'].map((name) => join(folder, `${name}-${services}-${requests}.yaml`)) as [string, string];
  writeFileSync(mesh, Array.from({ length: services }, (_, i) => service(i)).join('---\n'));
  writeFileSync(file, `tests:\n${Array.from({ length: services }, (_, i) => tests(i, requests / services / 2)).join('')}`);
  return ['test', '-f', mesh, file];
}

const show = (name: string, { cpu, wall }: Usage): void => console.log(`  ${name.padEnd(56)} ${cpu.toFixed(0).padStart(7)} ms  (${wall.toFixed(0)} ms)`);

try {
  const base = input(1_000, 10_000);
  const moreServices = input(2_000, 20_000);
  const moreRequests = input(1_000, 20_000);
  const nothing = input(1, 2);
  const times = compare(runs, {
    nothing: () => measure(weft, nothing),
    base: () => measure(weft, base),
    moreRequests: () => measure(weft, moreRequests),
    moreServices: () => measure(weft, moreServices),
  });
  console.log(`median of ${runs} runs, user + system time (wall)`);
  show('one virtual service, two requests', times.nothing);
  show('1,000 virtual services, 10,000 requests', times.base);
  show('1,000 virtual services, 20,000 requests', times.moreRequests);
  show('2,000 virtual services, 20,000 requests', times.moreServices);
  console.log(line('1,000 virtual services, 10,000 requests', times.base.cpu, 0, 'ms', 2000));
  console.log(line('20,000 : 10,000 requests, 1,000 virtual services', times.moreRequests.cpu / times.base.cpu, 2, 'x', 2));
  console.log(line('2,000 : 1,000 virtual services, ten requests each', times.moreServices.cpu / times.base.cpu, 2, 'x', 2.2));
  console.log(line('peak memory, 2,000 virtual services, 20,000 requests', peakMemory(weft, moreServices), 0, 'MB', 600));
} finally {
  rmSync(folder, { recursive: true });
}
