// What a change costs the control plane: processor time, bytes, time until the last proxy has it.
//
//   npm run bench:xds [-- --services 100,1000,5000 --proxies 100 --namespaces 1 --rounds 15]
//
// The peer are figures of istiod 1.28.1 on the same meshes, measured once: it needs a cluster around it.
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { median, root } from '../measure.ts';
import { goal, number, ratio, table } from '../proxy/report.ts';
import type { ClientsMessage, ClientsReport } from './clients.ts';
import type { ServerMessage, ServerReport } from './server.ts';

/** CPU in seconds, bytes in MB, memory in MB (10⁶ bytes); for 100 proxies. */
interface Figures {
  virtualService: { cpu: number; megabytes: number; seconds: number };
  endpoint: { cpu: number };
  firstConnection: { cpu: number; megabytes: number };
}

const istiod: Readonly<Record<number, Figures>> = {
  100: { virtualService: { cpu: 0.19, megabytes: 29, seconds: 0.12 }, endpoint: { cpu: 0.011 }, firstConnection: { cpu: 0.011, megabytes: 0.4 } },
  1000: { virtualService: { cpu: 1.94, megabytes: 279, seconds: 1.1 }, endpoint: { cpu: 0.039 }, firstConnection: { cpu: 0.099, megabytes: 3.7 } },
  5000: { virtualService: { cpu: 12.1, megabytes: 1391, seconds: 6.7 }, endpoint: { cpu: 0.176 }, firstConnection: { cpu: 0.575, megabytes: 18 } },
};

/** At 1,000 services. */
const istiodMemory: Readonly<Record<number, number>> = { 100: 364, 500: 834 };

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '100,1000,5000' },
    proxies: { type: 'string', default: '100' },
    namespaces: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '15' },
  },
});
const proxies = Number(values.proxies);
const namespaces = Number(values.namespaces);
const rounds = Number(values.rounds);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Changes that are not counted: a control plane runs for long. */
const warmUp = 10;

/** Of bin/weft. */
const weftFlags = ['--v8-pool-size=1', '--min-semi-space-size=4', '--max-semi-space-size=8'];
const weftEnvironment = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '131072' };

/** Nothing was received for so long: what was to come has come. */
const quietMs = { connect: 1500, change: 300 };

/** The server in one file, as the command is: from sources Node has to have them all, and what takes their types away, in memory. */
function bundled(): string {
  const outfile = join(root, 'node_modules/.cache/bench-xds-server.mjs');
  buildSync({
    entryPoints: [join(import.meta.dirname, 'server.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  return outfile;
}

const server = bundled();

class Bench {
  private readonly server: ChildProcess;
  private readonly clients: ChildProcess;
  private port = 0;

  constructor(services: number) {
    const stdio: ('ignore' | 'inherit' | 'ipc')[] = ['ignore', 'inherit', 'inherit', 'ipc'];
    this.server = fork(server, [String(services)], {
      stdio,
      env: { ...process.env, ...weftEnvironment },
      execArgv: ['--no-warnings', '--expose-gc', ...weftFlags, ...(process.env.NODE_FLAGS ?? '').split(' ').filter(Boolean)],
    });
    this.clients = fork(join(import.meta.dirname, 'clients.ts'), [], { stdio, execArgv: ['--no-warnings'] });
  }

  private ask<Reply>(process: ChildProcess, message: ServerMessage | ClientsMessage): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('a process of the benchmark ended'));
      process.once('exit', ended);
      process.once('message', (reply: Reply) => {
        process.off('exit', ended);
        resolve(reply);
      });
      process.send(message);
    });
  }

  async start(): Promise<void> {
    this.port = (await this.ask<ServerReport>(this.server, { kind: 'listen' })).port;
  }

  async connect(count: number): Promise<void> {
    this.clients.send({ kind: 'connect', port: this.port, count, namespaces, routes: '80' } satisfies ClientsMessage);
    await this.quiet(quietMs.connect);
  }

  private received: ClientsReport = { clients: 0, reached: 0, bytes: 0, last: 0 };

  /** Waits until the clients get nothing more; what they got since the last time. */
  private async quiet(quietMs: number): Promise<void> {
    const sum = { bytes: 0, reached: 0 };
    for (let idle = 0, waited = 0; idle < quietMs || (sum.bytes === 0 && waited < 20_000); waited += 100) {
      await pause(100);
      const report = await this.ask<ClientsReport>(this.clients, { kind: 'report' });
      idle = report.bytes === 0 ? idle + 100 : 0;
      sum.bytes += report.bytes;
      sum.reached = report.reached;
      this.received = { ...report, ...sum };
    }
  }

  /** Processor time of the server for what `action` causes, and what the clients got. */
  async cost(action: () => Promise<unknown>): Promise<{ cpu: number; megabytes: number; seconds: number; reached: number }> {
    const before = await this.ask<ServerReport>(this.server, { kind: 'report' });
    const started = Date.now();
    await action();
    if (this.received.bytes === 0) await this.quiet(quietMs.change);
    const after = await this.ask<ServerReport>(this.server, { kind: 'report' });
    const { bytes, last, reached } = this.received;
    this.received = { ...this.received, bytes: 0 };
    return { cpu: after.cpu - before.cpu, megabytes: bytes / 1e6, seconds: (last - started) / 1000, reached };
  }

  async change(what: 'virtual-service' | 'endpoint', service: number, value: number): Promise<void> {
    await this.ask<ClientsReport>(this.clients, { kind: 'report', reset: true });
    this.received = { ...this.received, bytes: 0 };
    await this.ask<ServerReport>(this.server, { kind: 'change', what, service, value });
  }

  async memory(): Promise<number> {
    return (await this.ask<ServerReport>(this.server, { kind: 'memory' })).memory;
  }

  end(): void {
    // They end with the connection to this process.
    for (const process of [this.server, this.clients]) if (process.connected) process.disconnect();
  }
}

interface Measured {
  services: number;
  virtualService: { cpu: number; megabytes: number; seconds: number };
  endpoint: { cpu: number; megabytes: number; seconds: number };
  firstConnection: { cpu: number; megabytes: number };
  /** Of the others, each. */
  nextConnection: { cpu: number };
  memory: number;
}

async function measure(services: number): Promise<Measured> {
  const bench = new Bench(services);
  try {
    await bench.start();
    const first = await bench.cost(() => bench.connect(1));
    const rest = await bench.cost(() => bench.connect(proxies - 1));
    const memory = await bench.memory();
    const changes = async (what: 'virtual-service' | 'endpoint'): Promise<{ cpu: number; megabytes: number; seconds: number }> => {
      const all: Awaited<ReturnType<Bench['cost']>>[] = [];
      for (let round = -warmUp; round < rounds; round++) {
        const cost = await bench.cost(() => bench.change(what, ((round + warmUp) * 37) % services, round + warmUp + 20));
        if (cost.reached !== proxies) throw new Error(`a change reached ${cost.reached} of ${proxies} proxies`);
        if (round >= 0) all.push(cost);
      }
      return { cpu: median(all.map((one) => one.cpu)), megabytes: median(all.map((one) => one.megabytes)), seconds: median(all.map((one) => one.seconds)) };
    };
    return {
      services,
      virtualService: await changes('virtual-service'),
      endpoint: await changes('endpoint'),
      firstConnection: first,
      nextConnection: { cpu: rest.cpu / (proxies - 1) },
      memory,
    };
  } finally {
    bench.end();
  }
}

const measured: Measured[] = [];
for (const services of values.services.split(',').map(Number)) measured.push(await measure(services));

console.log(`## ${proxies} proxies in ${namespaces} namespace${namespaces === 1 ? '' : 's'}, median of ${rounds} changes; × of istiod 1.28.1\n`);
console.log(
  table(
    ['services', 'changed VirtualService', '', 'MB', '', 'last proxy', 'changed endpoint', '', 'first connection', '', 'MB', 'next connection', 'memory', ''],
    measured.map(({ services, virtualService, endpoint, firstConnection, nextConnection, memory }) => {
      const peer = istiod[services];
      return [
        String(services),
        `${number(virtualService.cpu * 1000, 0)} ms`,
        ratio(virtualService.cpu, peer?.virtualService.cpu),
        number(virtualService.megabytes, 2),
        ratio(virtualService.megabytes, peer?.virtualService.megabytes),
        `${number(virtualService.seconds * 1000, 0)} ms`,
        `${number(endpoint.cpu * 1000, 0)} ms`,
        ratio(endpoint.cpu, peer?.endpoint.cpu),
        `${number(firstConnection.cpu * 1000, 0)} ms`,
        ratio(firstConnection.cpu, peer?.firstConnection.cpu),
        number(firstConnection.megabytes, 1),
        `${number(nextConnection.cpu * 1000, 1)} ms`,
        `${number(memory, 0)} MB`,
        services === 1000 ? ratio(memory, istiodMemory[proxies]) : '–',
      ];
    }),
  ),
);
console.log('');
for (const { services, virtualService, endpoint, firstConnection, nextConnection, memory } of measured) {
  const peer = istiod[services];
  if (services >= 1000) {
    goal(`changed VirtualService, CPU, ${services} services`, virtualService.cpu, peer?.virtualService.cpu, 0.05);
    goal(`changed VirtualService, bytes, ${services} services`, virtualService.megabytes, peer?.virtualService.megabytes, 0.02);
  }
  goal(`changed endpoint, CPU, ${services} services`, endpoint.cpu, peer?.endpoint.cpu, 0.5);
  goal(`first connection, CPU, ${services} services`, firstConnection.cpu, peer?.firstConnection.cpu, 1);
  goal(`next connection, CPU, ${services} services`, nextConnection.cpu, peer?.firstConnection.cpu, 1);
  if (services === 1000) goal(`memory, ${proxies} proxies`, memory, istiodMemory[proxies], 0.5);
}
