// What a request costs with no policies, with few, and with many, in weft and in Envoy: a gateway, its service, and connections that stay.
//
//   node bench/security/policed-requests.ts [--rounds N] [--seconds N] [--sources] [--only weft,envoy]
//
// Processor time is what counts, of the one core that each proxy has in turn; medians of several rounds are shown.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../measure.ts';
import { startBackend } from '../proxy/backend.ts';
import { wrk } from '../proxy/load.ts';
import { bundle, sources } from '../proxy/peers/weft.ts';
import { cpuTime, freePorts, proxyCore, type Running, start } from '../proxy/processes.ts';
import { findPrograms } from '../proxy/programs.ts';
import { goal, number, ratio, table } from '../proxy/report.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    sources: { type: 'boolean', default: false },
    only: { type: 'string', default: 'weft,envoy' },
  },
});
const counts = [0, 10, 1000];
const connections = 32;
const programs = findPrograms();
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'weft-bench-'));
const command = flags.sources ? sources : bundle;

/** What each policy asks for, none of which the request is; by its number. */
const others: readonly ((i: number) => object)[] = [
  (i) => ({ to: [{ operation: { paths: [`/api/v1/resource-${i}`] } }] }),
  (i) => ({ to: [{ operation: { paths: [`/api/v1/resource-${i}/*`], methods: ['GET', 'POST'] } }] }),
  (i) => ({ from: [{ source: { principals: [`cluster.local/ns/ns-${i % 97}/sa/account-${i}`] } }] }),
  (i) => ({ from: [{ source: { ipBlocks: [`10.${i >> 8}.${i & 255}.0/24`] } }] }),
  (i) => ({ when: [{ key: 'request.headers[x-tenant]', values: [`tenant-${i}`] }] }),
];

/** As many policies that deny as that allow; one of the latter is for the request. */
function policies(count: number): object[] {
  const policy = (action: string, i: number, rule: object): object => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: `${action.toLowerCase()}-${i}`, namespace: 'bench' },
    spec: { action, rules: [rule] },
  });
  const other = (i: number): object => others[i % others.length]?.(i) ?? {};
  const all = Array.from({ length: count }, (_, i) => [policy('DENY', i, other(i)), policy('ALLOW', i, other(i + 5000))]).flat();
  return count === 0 ? [] : [...all, policy('ALLOW', count, { to: [{ operation: { paths: ['/orders/*'], methods: ['GET'] } }] })];
}

function manifests(port: number, service: number, count: number): object[] {
  const of = (kind: string, spec: object): object => ({ apiVersion: 'networking.istio.io/v1', kind, metadata: { name: 'app', namespace: 'bench' }, spec });
  return [
    of('Gateway', { selector: { app: 'edge' }, servers: [{ port: { number: port, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] }),
    of('ServiceEntry', {
      hosts: ['app.example'],
      resolution: 'STATIC',
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      endpoints: [{ address: '127.0.0.1', ports: { http: service } }],
    }),
    of('VirtualService', { hosts: ['app.example'], gateways: ['app'], http: [{ route: [{ destination: { host: 'app.example', port: { number: 80 } } }] }] }),
    ...policies(count),
  ];
}

interface Contestant {
  name: string;
  count: number;
  port: number;
  process: Running;
  costs: number[];
}

async function contestant(name: 'weft' | 'Envoy', count: number, service: number): Promise<Contestant> {
  const [port = 0, admin = 0] = await freePorts(2);
  const file = join(folder, `${port}.json`);
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests(port, service, count) }));
  const workload = ['-f', file, '--gateway', 'bench/app', '--labels', 'app=edge', '--ip', '127.0.0.1'];
  const off = ['--stats-port', '0', '--agent-port', '0', '--health-port', '0'];
  const [first = '', ...rest] = command;
  const options = { core: proxyCore, log: join(folder, `${port}.log`), port };
  const made = { name, count, port, costs: [] };
  if (name === 'weft') return { ...made, process: await start(name, [...command, 'proxy', 'run', ...workload, ...off, '--admin-port', '0'], options) };
  const config = join(folder, `${port}-envoy.json`);
  const bootstrap = [...rest, 'proxy', 'bootstrap', ...workload, ...off, '--admin-port', String(admin)];
  writeFileSync(config, execFileSync(first, bootstrap, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 }));
  const envoy = [programs.envoy ?? '', '-c', config, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
  return { ...made, process: await start(name, envoy, options) };
}

const load = ({ port }: Contestant, seconds: number): Promise<number> =>
  wrk(programs.wrk, { port, host: 'app.example', path: '/orders/7' }, connections, seconds);

const running: { stop(): Promise<void> }[] = [];
try {
  const backend = await startBackend(programs.nginx, folder);
  running.push(backend.process);
  const all: Contestant[] = [];
  for (const name of ['weft', 'Envoy'] as const) {
    if (!flags.only.split(',').includes(name.toLowerCase()) || (name === 'Envoy' && !programs.envoy)) continue;
    for (const count of counts) {
      const one = await contestant(name, count, backend.http1[0] ?? 0);
      running.push(one.process);
      all.push(one);
    }
  }
  for (const one of all) await load(one, 2);
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const one of all) {
      const before = cpuTime(one.process.pid);
      const requests = await load(one, Number(flags.seconds));
      one.costs.push((cpuTime(one.process.pid) - before) / requests);
    }
  }
  const cost = (name: string, count: number): number | undefined => {
    const found = all.find((one) => one.name === name && one.count === count);
    return found && median(found.costs);
  };
  console.log(`\n## CPU time of a request in µs, by how many policies deny, and as many allow (${connections} connections of HTTP/1.1, 100 bytes)\n`);
  const names = [...new Set(all.map(({ name }) => name))];
  const [, few = 0, many = 0] = counts;
  const body = names.map((name) => [name, ...counts.map((count) => number(cost(name, count) ?? 0, 1)), ratio(cost(name, many) ?? 0, cost(name, few))]);
  console.log(table(['', ...counts.map(String), `${many} : ${few}`], body));
  console.log('\n## Goals\n');
  goal(`weft: a request with ${many} + ${many} policies, beside ${few} + ${few}`, cost('weft', many), cost('weft', few), 1.05);
} finally {
  await Promise.all(running.map((process) => process.stop()));
  rmSync(folder, { recursive: true, force: true });
}
