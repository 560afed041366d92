// Proxies that are started to try requests out.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { RoutingTable } from '../../../ir/table.ts';
import type { WorkloadCredentials } from '../../../proxy/tls/credentials.ts';
import { type CredentialSnapshot, HeldCredentials } from '../../../proxy/tls/held-credentials.ts';
import { SingleThread } from '../../../proxy/workers/single-thread.ts';
import type { EnvoyProgram } from '../../envoy/find.ts';
import { CliError } from '../../exit.ts';
import { requestIdHeader } from './backends.ts';

export interface LiveProxy {
  /** Where details are logged: those of answers, by the ids of their requests, as far as they are there. */
  details(): ReadonlyMap<string, string>;
  /** Whether destinations have answered all that was sent to them, copies for mirrors included. */
  isIdle(): Promise<boolean>;
  close(): Promise<void>;
}

export interface StartOptions {
  /** Who the proxy is for others of the mesh; absent: it speaks no mTLS. */
  identity?: WorkloadCredentials;
  /** The details of each answer are wanted. */
  logsDetails?: boolean;
}

/**
 * Starts a proxy with a table.
 *
 * @param outboundPort of all that a sidecar's application sends; 0 for gateways, and for what only comes in
 */
export type StartProxy = (table: RoutingTable, outboundPort: number, options?: StartOptions) => Promise<LiveProxy>;

/** Gauges of requests that destinations have not answered, by cluster. */
const underWay = /^cluster\..*\.upstream_rq_(?:pending_)?active$/;

const settings = { bind: '127.0.0.1', inboundPort: 0, capture: false } as const;

/** weft's own, in this process. */
export const startEmbedded: StartProxy = async (table, outboundPort, { identity, logsDetails = false } = {}) => {
  const meshTls = identity !== undefined;
  let lines = '';
  const write = (more: string): void => {
    lines += more;
  };
  const plane = new SingleThread({ ...settings, outboundPort, drainMs: 0, logFlushMs: 20, meshTls }, { write, warn: () => {} });
  if (identity) await plane.useCredentials(snapshotOf(identity));
  await plane.apply(logsDetails ? withDetailsLog(table, '/dev/stdout') : table);
  return {
    details: () => detailsIn(lines),
    isIdle: async () => {
      const series = (await plane.metrics(true)).flatMap((family) => family.series);
      return series.every(({ stat, value }) => value === 0 || stat === undefined || !underWay.test(stat));
    },
    close: async () => {
      await plane.drain();
      await plane.close();
    },
  };
};

export function startEnvoy(program: EnvoyProgram): StartProxy {
  return async (table, outboundPort, { identity, logsDetails = false } = {}) => {
    const { EnvoyEngine } = await import('../../envoy/engine.ts');
    const { RunFolder } = await import('../../envoy/run-folder.ts');
    const folder = new RunFolder();
    const log = folder.private('access.log');
    const secrets = identity && (await secretsOf(identity, folder.secretSocket));
    const engine = new EnvoyEngine(
      program,
      {
        adminPort: 0,
        concurrency: 1,
        drainMs: 0,
        logLevel: 'critical',
        logFormat: 'text',
        local: { ...settings, outboundPort },
        ...(secrets ? { sdsSocket: folder.secretSocket } : {}),
      },
      folder,
    );
    const end = (): void => {
      engine.process.kill();
      secrets?.close();
      folder.delete();
    };
    // Whatever happens to weft, its Envoy does not stay.
    process.once('exit', end);
    try {
      const ending = await engine.start(await engine.configure(logsDetails ? withDetailsLog(table, log) : table));
      if (ending) throw new Error(`Envoy ended by itself, with ${ending.signal ?? `exit code ${ending.code}`}`);
    } catch (error) {
      end();
      process.off('exit', end);
      throw new CliError(`--engine envoy: ${(error as Error).message}`);
    }
    return {
      details: () => detailsIn(existsSync(log) ? readFileSync(log, 'latin1') : ''),
      isIdle: async () => [...(await engine.process.admin.stats(underWay)).values()].every((count) => count === 0),
      close: async () => {
        engine.process.kill();
        await engine.process.ended;
        end();
        process.off('exit', end);
      },
    };
  };
}

/** A line an answer: the id of its request, and its details. */
function withDetailsLog({ mesh, ...table }: RoutingTable, accessLogFile: string): RoutingTable {
  const accessLogFormat = `%REQ(${requestIdHeader})% %RESPONSE_CODE_DETAILS%\n`;
  return { ...table, mesh: { ...mesh, accessLogFile, accessLogFormat, accessLogEncoding: 'text' } };
}

function detailsIn(lines: string): Map<string, string> {
  return new Map(
    lines.split('\n').flatMap((line) => {
      const space = line.indexOf(' ');
      return space > 0 ? [[line.slice(0, space), line.slice(space + 1)] as const] : [];
    }),
  );
}

function snapshotOf(workload: WorkloadCredentials): CredentialSnapshot {
  return { workload, named: {}, sessionSecret: randomBytes(32) };
}

/** Gives an Envoy who it is. @param socket of the file system */
async function secretsOf(identity: WorkloadCredentials, socket: string): Promise<{ close(): void }> {
  const { SecretServer } = await import('../../../agent/sds/server.ts');
  const credentials = new HeldCredentials();
  credentials.set(snapshotOf(identity));
  const server = new SecretServer({ credentials, refused: () => {} });
  await server.listen(socket);
  return server;
}

/** Ports given last: the system would give them again to another proxy that is about to start, as long as nobody listens there. */
const given = new Set<number>();
const mostGiven = 1000;

/** Ports that nobody has at the moment, each of them given once. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    for (const port of await unusedPorts(count - ports.length)) {
      if (given.has(port)) continue;
      given.add(port);
      ports.push(port);
    }
  }
  for (const port of given) {
    if (given.size <= mostGiven) break;
    given.delete(port);
  }
  return ports;
}

async function unusedPorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
