// Both engines with one routing table: the sidecar of weft in this process, and an Envoy with what weft makes of the table.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { ownSecretNames } from '../../../src/agent/sds/own-secrets.ts';
import { SecretServer } from '../../../src/agent/sds/server.ts';
import { AdminClient } from '../../../src/cli/envoy/admin-client.ts';
import { staticBootstrap } from '../../../src/envoy/bootstrap.ts';
import { configurationOf } from '../../../src/envoy/configuration.ts';
import { isObject, type JsonObject } from '../../../src/envoy/json.ts';
import { nodeOf } from '../../../src/envoy/node.ts';
import type { EnvoyOptions } from '../../../src/envoy/options.ts';
import { rewrite, staticResources } from '../../../src/envoy/static.ts';
import type { Listener } from '../../../src/ir/listener.ts';
import type { RoutingTable } from '../../../src/ir/table.ts';
import { realClock } from '../../../src/proxy/real-clock.ts';
import { Sidecar } from '../../../src/proxy/sidecar.ts';
import { Metrics } from '../../../src/proxy/telemetry/metrics.ts';
import { CredentialStore } from '../../../src/proxy/tls/credential-store.ts';
import type { NamedCredentials } from '../../../src/proxy/tls/credentials.ts';
import { HeldCredentials } from '../../../src/proxy/tls/held-credentials.ts';
import { freePorts } from '../../free-ports.ts';
import type { Certificates } from './certificates.ts';
import type { Target } from './client.ts';

/** What both engines are to serve. */
export interface Served {
  table: RoutingTable;
  /** By the slot of a probe. Of a sidecar's own traffic: ports of the workload; else ports of listeners. */
  ports: readonly number[];
  /** Connections come as if they had been redirected to the workload. */
  inbound: boolean;
  /** The proxy has an identity of the mesh. */
  identity: boolean;
  /** By `NAMESPACE/NAME`: names of files in the folder of the certificates. */
  secrets: Readonly<Record<string, SecretFiles>>;
}

export interface SecretFiles {
  /** `NAME.crt` and `NAME.key`. */
  pair?: string;
  /** `NAME-roots.crt` */
  roots?: string;
}

export interface Engine {
  /** Undefined: nobody listens there. */
  target(slot: number): Target;
  close(): Promise<void>;
}

/** Envoy takes nothing of the table. */
export class Refusal extends Error {}

/** Clients of a slot connect from there, by which the embedded engine is told where they were going. */
const addressOf = (slot: number): string => `127.0.0.${10 + slot}`;

export async function startEmbedded({ table, ports, inbound, identity, secrets }: Served, certificates: Certificates): Promise<Engine> {
  const own = await freePorts(inbound ? 1 : ports.length);
  const at = (port: number): number => own[inbound ? 0 : ports.indexOf(port)] ?? 0;
  const store = new CredentialStore(identity ? [certificates.identity()] : [], () => {});
  await store.follow(table, namedSecrets(secrets, certificates));
  const slotOf = new Map(ports.map((_, slot) => [addressOf(slot), slot]));
  const originalDestination = (socket: Socket): { address: string; port: number } | undefined => {
    const slot = slotOf.get(socket.remoteAddress?.replace('::ffff:', '') ?? '');
    return slot === undefined ? undefined : { address: '127.0.0.1', port: ports[slot] as number };
  };
  const sidecar = new Sidecar({
    clock: realClock,
    bind: '127.0.0.1',
    outboundPort: 0,
    inboundPort: inbound ? (own[0] as number) : 0,
    reusePort: false,
    meshTls: identity,
    ...(inbound ? { originalDestination } : {}),
    metrics: (of) => new Metrics(of),
    accessLog: () => {},
  });
  sidecar.credentials.set(store.snapshot());
  await sidecar.apply({ ...table, listeners: movedListeners(table, inbound, at) });
  return {
    target: (slot) => (inbound ? { port: own[0] as number, localAddress: addressOf(slot) } : { port: own[slot] as number }),
    close: async () => {
      sidecar.drain();
      sidecar.destroy();
      store.close();
    },
  };
}

/** Listeners that are served, at other ports. */
function movedListeners({ listeners }: RoutingTable, inbound: boolean, at: (port: number) => number): Listener[] {
  if (inbound) return listeners.flatMap((one) => (one.name === 'virtualInbound' ? [{ ...one, port: at(one.port) }] : []));
  return listeners.map((one) => ({ ...one, address: '127.0.0.1', port: at(one.port) }));
}

function namedSecrets(secrets: Served['secrets'], certificates: Certificates): Record<string, NamedCredentials> {
  const text = (name: string): string => readFileSync(certificates.file(name), 'utf8');
  return Object.fromEntries(
    Object.entries(secrets).map(([name, { pair, roots }]): [string, NamedCredentials] => [
      name,
      {
        ...(pair === undefined ? {} : { pair: { certificateChain: text(`${pair}.crt`), privateKey: text(`${pair}.key`) } }),
        ...(roots === undefined ? {} : { roots: text(`${roots}-roots.crt`) }),
      },
    ]),
  );
}

const readyMs = 60_000;

/** @throws Refusal with what it says */
export async function startEnvoy(program: string, served: Served, certificates: Certificates): Promise<Engine> {
  const { table, ports, inbound, identity, secrets } = served;
  const own = await freePorts(inbound ? 1 : ports.length);
  const at = (port: number): number => own[inbound ? 0 : ports.indexOf(port)] ?? 0;
  const folder = mkdtempSync(join(certificates.folder, 'e-'));
  const socket = join(folder, 's');
  const held = new HeldCredentials();
  held.set({ named: namedSecrets(secrets, certificates), sessionSecret: held.sessionSecret });
  const store = new CredentialStore(identity ? [certificates.identity(), held] : [held], () => {});
  await store.follow(table, {});
  const server = new SecretServer({ credentials: store, refused: () => {} });
  await server.listen(socket);
  const options: EnvoyOptions = { meshTls: identity ? 'sds' : 'none', secrets: ownSecretNames(held, table.proxy.namespace), isReadable };
  // Without redirection the header of the PROXY protocol says where a connection was going.
  const listeners = movedListeners(table, inbound, at).map((one) => (inbound ? { ...one, address: '127.0.0.1', proxyProtocol: true as const } : one));
  const { resources } = configurationOf({ ...table, listeners }, options);
  const adminSocket = join(folder, 'a');
  const node = nodeOf({ identity: table.proxy, options });
  const sockets = { secretsSocket: socket, ...(identity ? { sdsSocket: socket } : {}) };
  const bootstrap = staticBootstrap(staticResources(resources), { node, admin: { path: adminSocket }, ...sockets });
  const config = join(folder, 'envoy.json');
  writeFileSync(config, JSON.stringify(rewrite(bootstrap, (object) => withoutWaiting(withoutRedirection(object)))));
  const args = ['-c', config, '--concurrency', '1', '--disable-hot-restart', '--skip-deprecated-logs', '-l', 'warning'];
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    server.close();
    store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const admin = new AdminClient({ path: adminSocket });
  const until = performance.now() + readyMs;
  while (!(await admin.ready())) {
    if (child.exitCode !== null || performance.now() > until) {
      await close();
      throw new Refusal(output.slice(-3000));
    }
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  const header = (slot: number, socket: Socket): string => `PROXY TCP4 ${socket.localAddress} 127.0.0.1 ${socket.localPort} ${ports[slot]}\r\n`;
  return {
    target: (slot) =>
      inbound ? { port: own[0] as number, localAddress: addressOf(slot), before: (socket) => header(slot, socket) } : { port: own[slot] as number },
    close,
  };
}

function isReadable(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

/** Connections were not redirected. */
function withoutRedirection(object: JsonObject): JsonObject {
  const { listener_filters: filters } = object;
  if (!Array.isArray(filters)) return object;
  return { ...object, listener_filters: filters.filter((one) => !isObject(one) || one.name !== 'envoy.filters.listener.original_dst') };
}

/** A file that is not there is not waited for. */
function withoutWaiting(object: JsonObject): JsonObject {
  const { name, sds_config: source } = object;
  if (typeof name !== 'string' || !isObject(source)) return object;
  const files = /^file-\w+:(.*)$/.exec(name)?.[1]?.split('~') ?? [];
  if (files.every((file) => file === 'system' || isReadable(file))) return object;
  return { ...object, sds_config: { ...source, initial_fetch_timeout: '0.1s' } };
}
