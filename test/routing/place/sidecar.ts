// The sidecar of weft as a process: its command line, its files, and what it says about itself.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { exitCode } from '../../../src/cli/exit.ts';
import { pause, until } from '../../until.ts';
import { caseHeader } from '../backend/record.ts';
import type { RoutingCase } from '../corpus.ts';
import type { Layout } from '../layout.ts';
import { startAgent } from './agent.ts';
import { type Engine, isIdle, type NotRunning, type Place, ports, type RunningProxy } from './engine.ts';
import { AccessLog, logFormat } from './log.ts';

/** What a proxy of a few requests needs at most: one that runs wild is not to take the machine with it. */
const heapMb = 400;
const startMs = 60_000;
const applyMs = 60_000;

/** Files of one proxy. */
interface Files {
  manifests: string;
  mesh: string;
  accessLog: string;
  output: string;
  /** Socket of an agent that gives out certificates. */
  secrets: string;
}

function commandLine(routingCase: RoutingCase, layout: Layout, place: Place, files: Files, envoy: string | undefined): string[] {
  const { namespace, labels, locality, address } = layout;
  const gateway = routingCase.role === 'gateway';
  return [
    ...['proxy', 'run', '-f', files.manifests, '--meshConfigFile', files.mesh],
    ...['--namespace', namespace, gateway ? '--gateway' : '--proxy', `${namespace}/${gateway ? 'gateway' : (labels.app ?? 'client')}`],
    ...[
      '--labels',
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    ],
    ...(locality ? ['--locality', locality] : []),
    ...['--ip', address],
    ...(place.captured && !gateway ? ['--capture'] : []),
    ...(gateway && place.captured ? ['--bind', address] : []),
    ...['--outbound-port', String(ports.outbound), '--inbound-port', String(ports.inbound), '--admin-port', String(ports.admin)],
    ...['--stats-port', '0', '--agent-port', '0', '--health-port', '0'],
    ...['--access-log', files.accessLog, '--access-log-encoding', 'json', '--access-log-format', JSON.stringify(logFormat(caseHeader))],
    ...['--watch', '--concurrency', '1'],
    ...(envoy === undefined && routingCase.role === 'inbound' ? identity(join(routingCase.folder, 'files')) : []),
    // Of Envoy only what weft says tells that new manifests are in force.
    ...(envoy === undefined ? ['--log-level', 'warning'] : ['--engine', 'envoy', '--envoy-path', envoy, '--log-level', 'info']),
    ...(envoy !== undefined && hasIdentity(routingCase) ? ['--mesh-tls', 'sds', '--sds-socket', files.secrets] : []),
  ];
}

/** The workload has a certificate: others make connections to it with mTLS. */
function hasIdentity({ role }: RoutingCase): boolean {
  return role === 'inbound';
}

/** The certificate of the recorded workload. */
function identity(folder: string): string[] {
  return [
    ...['--workload-certificate', join(folder, 'workload.crt'), '--workload-key', join(folder, 'workload.key')],
    ...['--trust-roots', join(folder, 'mesh-ca.crt')],
  ];
}

/** What /server_info says of the configuration. */
interface Info {
  generation: number;
  state: string;
  rejected: unknown;
}

async function serverInfo(): Promise<Info | undefined> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port: ports.admin, path: '/server_info', timeout: 5000 }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        try {
          const info = JSON.parse(text) as Record<string, unknown>;
          resolve({
            generation: Number((info.table as { generation?: number } | undefined)?.generation ?? 0),
            state: String(info.state ?? ''),
            rejected: (info.table as { rejected?: unknown } | undefined)?.rejected,
          });
        } catch {
          resolve(undefined);
        }
      });
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(undefined));
    sent.end();
  });
}

/** Runs weft from `command`: a Node and what it is to run. */
export class Sidecar implements Engine {
  private readonly command: readonly string[];
  private readonly envoy: string | undefined;

  /** @param envoy program of the engine; undefined: the embedded one */
  constructor(command: readonly string[], envoy?: string) {
    this.command = command;
    this.envoy = envoy;
  }

  cannotRun(): string | undefined {
    return undefined;
  }

  async start(routingCase: RoutingCase, layout: Layout, place: Place): Promise<RunningProxy | NotRunning> {
    const files: Files = {
      manifests: join(place.folder, 'manifests'),
      mesh: join(place.folder, 'mesh.yaml'),
      accessLog: join(place.folder, 'access.log'),
      output: join(place.folder, 'output.txt'),
      secrets: join(place.folder, 'secrets.sock'),
    };
    mkdirSync(files.manifests, { recursive: true });
    const write = (manifests: string): void => {
      // In one step, so that a watcher never sees half of it.
      const temporary = join(place.folder, 'case.yaml');
      writeFileSync(temporary, manifests.replaceAll('/etc/certs/', `${join(routingCase.folder, 'files')}/`));
      renameSync(temporary, join(files.manifests, 'case.yaml'));
    };
    writeFileSync(files.mesh, JSON.stringify(layout.mesh));
    writeFileSync(join(files.manifests, 'registry.yaml'), layout.registry);
    write(routingCase.manifests);
    const agent = this.envoy !== undefined && hasIdentity(routingCase) ? await startAgent(files.secrets, join(routingCase.folder, 'files'), place) : undefined;
    const [program = '', ...first] = this.command;
    const output = openSync(files.output, 'w');
    const child = spawn(program, [...first, ...commandLine(routingCase, layout, place, files, this.envoy)], {
      stdio: ['ignore', output, output],
      cwd: place.folder,
      ...(place.gid === undefined ? {} : { gid: place.gid }),
      env: { ...process.env, NO_COLOR: '1', HOME: place.folder, NODE_OPTIONS: `--max-old-space-size=${heapMb}` },
    });
    const end = (): void => {
      child.kill('SIGKILL');
    };
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    const exited = new Promise<number>((resolve) => {
      child.on('exit', (code) => resolve(code ?? -1));
      child.on('error', () => resolve(-1));
    });
    void exited.then(() => agent?.close());
    const code = await ready(exited);
    const said = (): string => readFileSync(files.output, 'utf8').trim();
    if (code !== undefined) {
      if (code === 'late') child.kill('SIGKILL');
      const refused = code === exitCode.findings || code === exitCode.unparsable;
      return { refused, output: `${code === 'late' ? 'not ready in time' : `exit code ${code}`}\n${said()}` };
    }
    return new RunningSidecar(child, exited, new AccessLog(files.accessLog), write, said, this.envoy !== undefined);
  }
}

/** Waits until the proxy serves: undefined; or how it ended. */
async function ready(exited: Promise<number>): Promise<number | 'late' | undefined> {
  let code: number | undefined;
  void exited.then((value) => {
    code = value;
  });
  const end = performance.now() + startMs;
  while (performance.now() < end) {
    if (code !== undefined) return code;
    const info = await serverInfo();
    if (info && (info.state === '' || info.state === 'LIVE')) return undefined;
    await pause(20);
  }
  return 'late';
}

class RunningSidecar implements RunningProxy {
  readonly log: AccessLog;
  private readonly child: ChildProcess;
  private readonly exited: Promise<number>;
  private readonly write: (manifests: string) => void;
  private readonly said: () => string;

  private readonly isEnvoy: boolean;

  constructor(child: ChildProcess, exited: Promise<number>, log: AccessLog, write: (manifests: string) => void, said: () => string, isEnvoy: boolean) {
    this.isEnvoy = isEnvoy;
    this.child = child;
    this.exited = exited;
    this.log = log;
    this.write = write;
    this.said = said;
  }

  isIdle(): Promise<boolean> {
    return isIdle();
  }

  async apply(manifests: string): Promise<void> {
    const before = await this.version();
    this.write(manifests);
    await until(async () => (await this.version()) > before, `the new manifests are taken:\n${this.said()}`, applyMs);
  }

  /** How many versions of the manifests were in force. */
  private async version(): Promise<number> {
    if (this.isEnvoy) return this.said().split('new manifests are in force').length;
    let info: Info | undefined;
    // On a machine that is busy it may be silent for a while.
    await until(
      async () => {
        info = await serverInfo();
        return info !== undefined;
      },
      `the proxy says what it has:\n${this.said()}`,
      applyMs,
    );
    return (info as Info | undefined)?.generation ?? 0;
  }

  async stop(): Promise<void> {
    if (this.isEnvoy) {
      // Killed, weft would leave its Envoy behind.
      this.child.kill('SIGTERM');
      this.child.kill('SIGTERM');
      await this.exited;
      this.log.close();
      return;
    }
    // Nothing more is asked of it: draining would only take time.
    this.child.kill('SIGKILL');
    await this.exited;
    this.log.close();
  }

  /** What it wrote to its output. */
  get output(): string {
    return this.said();
  }
}
