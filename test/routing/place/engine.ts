// What runs the configuration of a case.
import { AdminClient } from '../../../src/cli/envoy/admin-client.ts';
import type { RoutingCase } from '../corpus.ts';
import type { Layout } from '../layout.ts';
import type { AccessLog } from './log.ts';

/** Where a proxy runs. */
export interface Place {
  /** Traffic of the client is redirected to the proxy. */
  captured: boolean;
  /** The group that the proxy runs as, whose traffic is not redirected; undefined: the own one. */
  gid: number | undefined;
  /** A folder for files of this case. */
  folder: string;
}

/** Ports of the proxy. */
export const ports = { outbound: 15001, inbound: 15006, admin: 15000 } as const;

const admin = new AdminClient({ address: '127.0.0.1', port: ports.admin });
const underWay = /^cluster\..*\.upstream_rq_(?:pending_)?active$/;

/** Of whatever proxy has the port of the administration. */
export async function isIdle(): Promise<boolean> {
  return [...(await admin.stats(underWay)).values()].every((count) => count === 0);
}

export interface RunningProxy {
  log: AccessLog;
  /** Replaces the manifests, and waits until they hold. */
  apply(manifests: string): Promise<void>;
  /** Whether services have answered all that it sent them, copies for mirrors included. */
  isIdle(): Promise<boolean>;
  stop(): Promise<void>;
}

/** A proxy that did not start: it refuses the configuration, with what it says; or something else went wrong. */
export interface NotRunning {
  refused: boolean;
  output: string;
}

export interface Engine {
  start(routingCase: RoutingCase, layout: Layout, place: Place): Promise<RunningProxy | NotRunning>;
  /** Why it cannot run a case. */
  cannotRun(routingCase: RoutingCase): string | undefined;
}

export function isRunning(proxy: RunningProxy | NotRunning): proxy is RunningProxy {
  return 'log' in proxy;
}
