import { proxyName } from '../../envoy/xds/proxy-statuses.ts';
import type { XdsPeer } from '../../envoy/xds/server.ts';
import type { MeshSource } from '../xds/known-proxy.ts';
import { proxyKey } from './distribution.ts';

/** A proxy that is to be expected and is not connected. */
export interface AbsentProxy {
  key: string;
  name: string;
  namespace: string;
  /** Of its node, and the program; empty where it never was connected. */
  id: string;
  program: string;
  /** When it was connected last, in milliseconds since the epoch; undefined: not since this process began. */
  since: number | undefined;
}

export interface AbsentProxySettings {
  source: MeshSource;
  /** Whether there is such a workload, which takes traffic. */
  isThere(namespace: string, name: string): boolean;
  /** Workloads whose proxies are to be connected to some replica, as `namespace/name` by what the cluster says. */
  expected(): Iterable<{ namespace: string; name: string }>;
  /** Since when this process serves, in milliseconds since the epoch; undefined: it does not yet. */
  servingSince(): number | undefined;
  now(): number;
}

/** Who has lost its control plane comes back within this time: proxies try again every so often, with pauses up to so long. */
export const comesBackMs = 30_000;

/** Most that are remembered. */
const mostLost = 1_000;

/**
 * Proxies that run on what they had, without a connection: those that were connected until a short time ago, and after a start of this
 * process all that the cluster should have. Without them the moment after a restart would look as if everybody had everything.
 */
export class AbsentProxies {
  private readonly settings: AbsentProxySettings;
  /** By key; the last one that was lost is last. */
  private readonly lost = new Map<string, AbsentProxy & { since: number }>();

  constructor(settings: AbsentProxySettings) {
    this.settings = settings;
  }

  connected({ node }: XdsPeer): void {
    for (const [key, { id }] of this.lost) if (id === node.id) this.lost.delete(key);
  }

  disconnected(peer: XdsPeer): void {
    const { source, now } = this.settings;
    const key = proxyKey(peer, source);
    this.lost.delete(key);
    this.lost.set(key, { key, ...proxyName(peer.node), id: peer.node.id, program: peer.node.userAgent, since: now() });
    for (const oldest of this.lost.keys()) {
      if (this.lost.size <= mostLost) break;
      this.lost.delete(oldest);
    }
  }

  list(): AbsentProxy[] {
    const { isThere, expected, servingSince, now } = this.settings;
    const earliest = now() - comesBackMs;
    for (const [key, { since }] of this.lost) if (since < earliest) this.lost.delete(key);
    const lost = [...this.lost.values()].filter(({ namespace, name }) => isThere(namespace, name));
    const since = servingSince();
    if (since === undefined || since < earliest) return lost;
    const known = new Set(lost.map(({ key }) => key));
    const never = [...expected()].map(({ namespace, name }) => ({ key: `${namespace}/${name}`, name, namespace, id: '', program: '', since: undefined }));
    return [...lost, ...never.filter(({ key }) => !known.has(key))];
  }
}
