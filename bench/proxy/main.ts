// What a request costs in weft, Envoy, HAProxy and a naive proxy on node:http: all behind the same load, in front of the same
// service, with the same routes and policies, one core each.
//
//   node bench/proxy/main.ts [--only weft,envoy,haproxy,naive] [--scenarios main,routes,latency,memory,http2,log] [--rounds N]
//                            [--seconds N] [--sources]
//
// Processor time is what counts: it hardly depends on what else the machine does. Proxies run on one core, load and service on
// another; each proxy is measured in turn, several times, and the medians are shown.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../measure.ts';
import { type Backend, startBackend } from './backend.ts';
import { h2load, type Latencies, openIdle, paced, streamsPerConnection, type Target, wrk } from './load.ts';
import { envoyPeer } from './peers/envoy.ts';
import { haproxyPeer } from './peers/haproxy.ts';
import { naivePeer } from './peers/naive.ts';
import { hosts, type Peer, routePath } from './peers/peer.ts';
import { bundle, sources, weftPeer } from './peers/weft.ts';
import { cpuTime, freePorts, type Running, residentMemory, sleep } from './processes.ts';
import { findPrograms } from './programs.ts';
import { goal, number, ratio, table } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: 'weft,envoy,haproxy,naive' },
    scenarios: { type: 'string', default: 'main,routes,latency,memory,http2,log' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    sources: { type: 'boolean', default: false },
  },
});
const rounds = Number(flags.rounds);
const seconds = Number(flags.seconds);
const scenarios = new Set(flags.scenarios.split(','));
const connections = 32;
const http2Connections = 4;
const idleConnections = 1000;

const programs = findPrograms();
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'weft-bench-'));
const only = new Set(flags.only.split(','));
const peers: Peer[] = [];
if (only.has('weft')) peers.push(weftPeer(flags.sources ? sources : bundle));
if (only.has('envoy') && programs.envoy) peers.push(envoyPeer(programs.envoy));
if (only.has('haproxy') && programs.haproxy) peers.push(haproxyPeer(programs.haproxy));
if (only.has('naive')) peers.push(naivePeer);

/** A proxy that runs. */
interface Contestant {
  readonly peer: Peer;
  readonly process: Running;
  readonly port: number;
}

interface Cost {
  /** Processor time of a request in µs. */
  cpu: number;
  /** Requests a second. */
  rate: number;
}

async function startAll(backend: Backend, routes: number, accessLog: boolean): Promise<Contestant[]> {
  const ports = await freePorts(peers.length);
  return Promise.all(
    peers.map(async (peer, i): Promise<Contestant> => {
      const port = ports[i] as number;
      return { peer, port, process: await peer.start({ routes, accessLog, backend, folder, port }) };
    }),
  );
}

const stopAll = (all: readonly Contestant[]): Promise<unknown> => Promise.all(all.map(({ process }) => process.stop()));

async function cost({ process }: Contestant, load: () => Promise<number>): Promise<Cost> {
  const before = cpuTime(process.pid);
  const started = performance.now();
  const requests = await load();
  const elapsed = performance.now() - started;
  return { cpu: (cpuTime(process.pid) - before) / requests, rate: (requests / elapsed) * 1000 };
}

/** Medians of several rounds, in each of which every proxy has its turn: a busy moment of the machine hits all of them. */
async function compare(
  all: readonly Contestant[],
  warmUpSeconds: number,
  load: (contestant: Contestant, seconds: number) => Promise<number>,
): Promise<Map<string, Cost>> {
  const seen = new Map(all.map(({ peer }) => [peer.name, [] as Cost[]]));
  if (warmUpSeconds > 0) for (const contestant of all) await load(contestant, warmUpSeconds);
  for (let round = 0; round < rounds; round++) {
    for (const contestant of all) seen.get(contestant.peer.name)?.push(await cost(contestant, () => load(contestant, seconds)));
  }
  return new Map([...seen].map(([name, list]) => [name, { cpu: median(list.map((c) => c.cpu)), rate: median(list.map((c) => c.rate)) }]));
}

const target = (port: number, routes: number, suffix: string): Target => ({ port, host: hosts.http1, path: `${routePath(routes - 1)}${suffix}` });
const overHttp1 =
  (routes: number, suffix: string) =>
  ({ port }: Contestant, duration: number): Promise<number> =>
    wrk(programs.wrk, target(port, routes, suffix), connections, duration);

const names = peers.map(({ name }) => name);
const costs: [string, Map<string, Cost>][] = [];
const logged: [string, Map<string, Cost>][] = [];
const latencies = new Map<string, Latencies[]>();
const memory = new Map<string, { before: number; after: number }>();
let pace = 0;

async function measureLatencies(all: readonly Contestant[], h2loadProgram: string, rate: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const { peer, port } of all) {
      const measured = await paced(h2loadProgram, target(port, 1, 'small'), connections, seconds, rate, folder);
      latencies.set(peer.name, [...(latencies.get(peer.name) ?? []), measured]);
    }
  }
}

async function measureMemory({ peer, process, port }: Contestant): Promise<void> {
  const before = residentMemory(process.pid);
  const sockets = await openIdle(target(port, 1, 'small'), idleConnections);
  await sleep(500);
  memory.set(peer.name, { before, after: residentMemory(process.pid) });
  for (const socket of sockets) socket.destroy();
}

async function withOneRoute(backend: Backend): Promise<void> {
  const all = await startAll(backend, 1, false);
  const small = await compare(all, 3, overHttp1(1, 'small'));
  costs.push(['1 route, 100 bytes', small]);
  if (scenarios.has('main')) costs.push(['1 route, 10 kB', await compare(all, 1, overHttp1(1, 'large'))]);
  // All at the same rate: half of what Envoy does, or of the first where there is no Envoy.
  pace = ((small.get('Envoy') ?? small.values().next().value)?.rate ?? 0) / 2;
  const { h2load: program } = programs;
  if (scenarios.has('latency') && program) await measureLatencies(all, program, pace);
  if (scenarios.has('memory')) for (const contestant of all) await measureMemory(contestant);
  if (scenarios.has('http2') && program) {
    const load = ({ port }: Contestant, duration: number): Promise<number> =>
      h2load(program, { port, host: hosts.http2, path: `${routePath(0)}small` }, http2Connections, duration);
    costs.push([
      '1 route, 100 bytes, HTTP/2',
      await compare(
        all.filter(({ peer }) => peer.http2),
        2,
        load,
      ),
    ]);
  }
  await stopAll(all);
}

async function withRoutes(backend: Backend, routes: number): Promise<void> {
  const all = await startAll(backend, routes, false);
  costs.push([`${routes.toLocaleString('en')} routes, 100 bytes`, await compare(all, 2, overHttp1(routes, 'small'))]);
  await stopAll(all);
}

async function withLog(backend: Backend): Promise<void> {
  const all = await startAll(backend, 1, true);
  logged.push(['1 route, 100 bytes', await compare(all, 3, overHttp1(1, 'small'))]);
  await stopAll(all);
}

function costTable(title: string, rows: readonly [string, Map<string, Cost>][]): string {
  const others = names.filter((name) => name !== 'weft');
  const head = ['', ...names, ...(names.includes('weft') ? others.map((name) => `weft : ${name}`) : [])];
  const body = rows.map(([name, by]) => {
    const own = by.get('weft')?.cpu;
    const cells = names.map((peer) => {
      const { cpu, rate } = by.get(peer) ?? {};
      return cpu === undefined ? '–' : `${number(cpu, 1)} (${number((rate as number) / 1000, 1)} k/s)`;
    });
    return [name, ...cells, ...(own === undefined ? [] : others.map((peer) => ratio(own, by.get(peer)?.cpu)))];
  });
  return `${title}\n\n${table(head, body)}`;
}

function report(): void {
  console.log('\n## CPU time per request in µs (requests per second)\n');
  console.log(
    costTable(
      `HTTP/1.1 with ${connections} connections; HTTP/2 with ${http2Connections} connections of ${streamsPerConnection} streams. Metrics on, access log off.`,
      costs,
    ),
  );
  if (logged.length > 0) console.log(`\n${costTable('With the access log on, to a file in memory.', logged)}`);
  if (latencies.size > 0) {
    console.log(`\n## Latency at ${number(pace / 1000, 1)} k requests/s (half of what Envoy does), ${connections} connections, 1 route, 100 bytes\n`);
    const of = (name: string, value: (l: Latencies) => number): string => number(median((latencies.get(name) ?? []).map(value)), 2);
    console.log(
      table(
        ['ms', ...latencies.keys()],
        [
          ['p50', ...[...latencies.keys()].map((name) => of(name, (l) => l.p50))],
          ['p99', ...[...latencies.keys()].map((name) => of(name, (l) => l.p99))],
        ],
      ),
    );
  }
  if (memory.size > 0) {
    console.log(`\n## Memory (resident, MB), after the load above, and with ${idleConnections} idle connections more\n`);
    const cells = [...memory.values()];
    console.log(
      table(
        ['', ...memory.keys(), ''],
        [
          ['after load', ...cells.map(({ before }) => number(before, 0)), ''],
          [`with ${idleConnections} idle`, ...cells.map(({ after }) => number(after, 0)), ''],
        ].map((row) => row.slice(0, -1)),
      ),
    );
  }
  reportGoals();
}

function reportGoals(): void {
  const cpu = (row: string, name: string): number | undefined => costs.find(([r]) => r === row)?.[1].get(name)?.cpu;
  const small = '1 route, 100 bytes';
  const weft = cpu(small, 'weft');
  if (weft === undefined) return;
  const most = cpu('5,000 routes, 100 bytes', 'weft');
  const p99 = (name: string): number | undefined => {
    const all = latencies.get(name);
    return all && median(all.map((l) => l.p99));
  };
  console.log('\n## Goals\n');
  goal('HTTP/1.1, 1 route: weft : Envoy', weft, cpu(small, 'Envoy'), 0.7);
  goal('HTTP/1.1, 1 route: weft : HAProxy', weft, cpu(small, 'HAProxy'), 1.7);
  goal('weft: 5,000 routes : 1 route', most, weft, 1.1);
  goal('p99 at half load: weft : Envoy', p99('weft'), p99('Envoy'), 1);
  goal('HTTP/2: weft : Envoy', cpu(`${small}, HTTP/2`, 'weft'), cpu(`${small}, HTTP/2`, 'Envoy'), 2);
}

const backend = await startBackend(programs.nginx, folder);
try {
  await withOneRoute(backend);
  if (scenarios.has('routes')) for (const routes of [100, 5000]) await withRoutes(backend, routes);
  if (scenarios.has('log')) await withLog(backend);
  report();
} finally {
  await backend.process.stop();
  rmSync(folder, { recursive: true, force: true });
}
