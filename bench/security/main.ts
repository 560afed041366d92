// What mTLS costs in weft and in Envoy: a request over connections that stay, a connection that a client makes, one that the proxy
// makes. Both have the same manifests and certificates; Envoy's configuration is what weft makes of them.
//
// Node's own TLS server is measured beside them, for the connections that clients make: what is below its costs is not weft's.
//
//   node bench/security/main.ts [--rounds N] [--seconds N] [--sources] [--only weft,envoy,node]
//
// Processor time is what counts, of the one core that each has in turn; medians of several rounds are shown.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../measure.ts';
import { wrk } from '../proxy/load.ts';
import { bundle, sources } from '../proxy/peers/weft.ts';
import { cpuTime, freePorts, proxyCore, type Running, run, start } from '../proxy/processes.ts';
import { findPrograms } from '../proxy/programs.ts';
import { goal, number, ratio, table } from '../proxy/report.ts';
import { type Around, serviceName, startAround } from './around.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { manifests } from './manifests.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    sources: { type: 'boolean', default: false },
    only: { type: 'string', default: 'weft,envoy,node' },
  },
});
const rounds = Number(flags.rounds);
const seconds = Number(flags.seconds);
const only = flags.only.split(',');
const connections = 32;

const programs = findPrograms();
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'weft-bench-'));
const command = flags.sources ? sources : bundle;

type Start = (file: string, port: number) => Promise<Running>;

/** As the gateway of the manifests; HTTP ports and the like are off. */
const workload = (file: string): string[] => [
  ...['-f', file, '--gateway', 'bench/edge', '--labels', 'app=edge', '--ip', '127.0.0.1'],
  ...['--stats-port', '0', '--agent-port', '0', '--health-port', '0'],
];

const startWeft: Start = (file, port) =>
  start('weft', [...command, 'proxy', 'run', ...workload(file), '--admin-port', '0'], { core: proxyCore, log: join(folder, `weft-${port}.log`), port });

const startEnvoy =
  (program: string): Start =>
  async (file, port) => {
    const [admin] = await freePorts(1);
    const [first = '', ...rest] = command;
    const config = join(folder, `envoy-${port}.json`);
    writeFileSync(
      config,
      execFileSync(first, [...rest, 'proxy', 'bootstrap', ...workload(file), '--admin-port', String(admin)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
    return start('Envoy', [program, '-c', config, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'], {
      core: proxyCore,
      log: join(folder, `envoy-${port}.log`),
      port,
    });
  };

/** With the flags of Node that weft is started with. */
const startNode =
  ({ proxy, roots }: Certificates): Start =>
  (_file, port) =>
    start('Node', [...sources.with(-1, join(import.meta.dirname, 'bare-server.ts')), String(port), proxy.certificate, proxy.key, roots], {
      core: proxyCore,
      log: join(folder, `node-${port}.log`),
      port,
    });

interface Contestant {
  name: string;
  port: number;
  process: Running;
  around: Around;
}

/** @param requestsPerConnection of the proxy to the service; 0: any number */
async function contestant(name: string, begin: Start, certificates: Certificates, requestsPerConnection: number): Promise<Contestant> {
  const [port] = (await freePorts(1)) as [number];
  const own = join(folder, String(port));
  mkdirSync(own);
  const around = await startAround(programs.nginx, own, certificates, port);
  const file = join(own, 'mesh.json');
  const items = manifests(port, around.service, certificates, requestsPerConnection);
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  return { name, port, around, process: await begin(file, port) };
}

/** Processor time in µs of each thing that the load does. */
async function cost({ process }: Contestant, load: () => Promise<number>): Promise<number> {
  const before = cpuTime(process.pid);
  const count = await load();
  return (cpuTime(process.pid) - before) / count;
}

async function compare(all: readonly Contestant[], load: (contestant: Contestant, seconds: number) => Promise<number>): Promise<Map<string, number>> {
  const seen = new Map(all.map(({ name }) => [name, [] as number[]]));
  for (const one of all) await load(one, 2);
  for (let round = 0; round < rounds; round++) for (const one of all) seen.get(one.name)?.push(await cost(one, () => load(one, seconds)));
  return new Map([...seen].map(([name, list]) => [name, median(list)]));
}

const requests = ({ around }: Contestant, duration: number): Promise<number> =>
  wrk(programs.wrk, { port: around.entry, host: serviceName, path: '/' }, connections, duration);

/** Connections whose session goes on, with a request each. */
const returning =
  ({ client }: Certificates) =>
  async ({ port }: Contestant, duration: number): Promise<number> => {
    const script = join(import.meta.dirname, 'returning.ts');
    const text = await run([process.execPath, script, String(port), serviceName, client.certificate, client.key, String(duration)]);
    return Number(text.trim().split('\n').at(-1));
  };

/** Handshakes of a client one after another, with all that belongs to one. */
const handshakes =
  ({ client }: Certificates) =>
  async ({ port }: Contestant, duration: number): Promise<number> => {
    const identity = ['-cert', client.certificate, '-key', client.key];
    const text = await run(['openssl', 's_time', '-connect', `127.0.0.1:${port}`, ...identity, '-new', '-time', String(duration)]);
    const count = Number(/^(\d+) connections in \d+ real seconds/m.exec(text)?.[1]);
    if (!(count > 0)) throw new Error(`no handshake:\n${text}`);
    return count;
  };

const proxies = new Map<string, Start>();
if (only.includes('weft')) proxies.set('weft', startWeft);
if (only.includes('envoy') && programs.envoy) proxies.set('Envoy', startEnvoy(programs.envoy));

async function withAll<T>(
  starts: ReadonlyMap<string, Start>,
  certificates: Certificates,
  requestsPerConnection: number,
  measure: (all: readonly Contestant[]) => Promise<T>,
): Promise<T> {
  const all: Contestant[] = [];
  try {
    for (const [name, begin] of starts) all.push(await contestant(name, begin, certificates, requestsPerConnection));
    return await measure(all);
  } finally {
    await Promise.all(all.flatMap(({ process, around }) => [process.stop(), around.process.stop()]));
  }
}

try {
  const certificates = await makeCertificates(folder);
  const servers = new Map(proxies);
  if (only.includes('node')) servers.set('Node', startNode(certificates));
  const rows: [string, Map<string, number>][] = [];
  await withAll(servers, certificates, 0, async (all) => {
    const forwarding = all.filter(({ name }) => proxies.has(name));
    rows.push(['request, connections stay', await compare(forwarding, requests)]);
    rows.push(['connection of a client, new', await compare(all, handshakes(certificates))]);
    rows.push(['connection of a client that comes back, with a request', await compare(all, returning(certificates))]);
  });
  await withAll(proxies, certificates, 1, async (all) => {
    rows.push(['request, with a connection to the service', await compare(all, requests)]);
  });
  console.log(`\n## mTLS on both sides, CPU time in µs (TLS 1.3, ECDSA P-256, ${connections} connections of HTTP/1.1, 100 bytes)\n`);
  const names = [...servers.keys()];
  const others = names.filter((name) => name !== 'weft');
  const body = rows.map(([name, by]) => {
    const [own, cells] = [by.get('weft'), names.map((one) => by.get(one))];
    return [name, ...cells.map((cost) => (cost === undefined ? '–' : number(cost, 1))), ...others.map((other) => (own ? ratio(own, by.get(other)) : '–'))];
  });
  console.log(table(['', ...names, ...others.map((other) => `weft : ${other}`)], body));
  console.log('\n## Goals\n');
  for (const [name, by] of rows) goal(`${name}: weft : Envoy`, by.get('weft'), by.get('Envoy'), 1.2);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
