// Outlier detection (DR-R60 to R69). All counters are in the slots, so that the threads of a proxy agree; each change of an ejection
// is made by exactly one of them, and the cluster's generation tells the others.
import type { OutlierDetection } from '../../../ir/cluster.ts';
import type { Clock } from '../clock.ts';
import type { Host } from './host.ts';
import { clusterCell, hostCell, hostTime, type Slot } from './slot.ts';

export const ejectionReasons = ['consecutive_5xx', 'consecutive_gateway_failure', 'consecutive_local_origin_failure'] as const;
export type EjectionReason = (typeof ejectionReasons)[number];

/** Counter of an endpoint for each reason, in their order. */
const counters = [hostCell.consecutive5xx, hostCell.consecutiveGateway, hostCell.consecutiveLocal] as const;

/** An interval that another thread ran this much of an interval ago is not run again. */
const sameTick = 0.9;

/** As many of the last events are kept. */
const keptEvents = 100;

export type LocalFailure = 'connect' | 'timeout' | 'reset';

export interface EjectionEvent {
  action: 'ejected' | 'unejected' | 'overflow';
  /** `ip:port` */
  host: string;
  reason: EjectionReason;
  /** Milliseconds since 1970. */
  at: number;
  /** Of an ejection: it ends with the first interval after this, in milliseconds since 1970. */
  until: number | undefined;
  /** Ejections that counted for its length, this one included. */
  ejections: number;
}

export interface EjectedHost {
  host: string;
  reason: EjectionReason;
  /** Milliseconds since 1970, as is `until`. */
  since: number;
  until: number;
  ejections: number;
}

export interface OutlierStats {
  ejections_active: number;
  ejections_enforced_total: number;
  ejections_enforced_consecutive_5xx: number;
  ejections_enforced_consecutive_gateway_failure: number;
  ejections_enforced_consecutive_local_origin_failure: number;
  ejections_overflow: number;
}

/** Counts errors of the endpoints of one cluster (DR-R67) and ejects them for a time. */
export class OutlierDetector {
  private config: OutlierDetection;
  private hosts: readonly Host[];
  private readonly slot: Slot;
  private readonly clock: Clock;
  /** Of this thread, the oldest first. */
  readonly events: EjectionEvent[] = [];

  constructor(config: OutlierDetection, hosts: readonly Host[], slot: Slot, clock: Clock) {
    this.config = config;
    this.hosts = hosts;
    this.slot = slot;
    this.clock = clock;
  }

  update(config: OutlierDetection, hosts: readonly Host[]): void {
    this.config = config;
    this.hosts = hosts;
  }

  get intervalMs(): number {
    return this.config.intervalMs;
  }

  /** A response; of gRPC the status that its grpc-status stands for in HTTP. */
  recordResponse(host: Host, status: number): void {
    const { slot } = host;
    if (status < 500) {
      if (slot.get(hostCell.consecutive5xx) !== 0) slot.set(hostCell.consecutive5xx, 0);
      if (slot.get(hostCell.consecutiveGateway) !== 0) slot.set(hostCell.consecutiveGateway, 0);
      return;
    }
    if (status >= 502 && status <= 504) this.fail(host, 1, this.config.consecutiveGatewayErrors);
    else slot.set(hostCell.consecutiveGateway, 0);
    this.fail(host, 0, this.config.consecutive5xx);
  }

  /** A try that got no response: what counts as a status, or apart where local origin is split (DR-R62, DR-R65). */
  recordFailure(host: Host, kind: LocalFailure): void {
    if (this.config.splitLocalOrigin) this.fail(host, 2, this.config.consecutiveLocalOrigin);
    else this.recordResponse(host, kind === 'timeout' ? 504 : 503);
  }

  /**
   * A connection took a request, or a TCP connection was made.
   *
   * @param final nothing more will be known of it: of TCP, where it is a success of its own (DR-R69)
   */
  recordConnect(host: Host, final: boolean): void {
    if (this.config.splitLocalOrigin) {
      if (host.slot.get(hostCell.consecutiveLocal) !== 0) host.slot.set(hostCell.consecutiveLocal, 0);
    } else if (final) {
      this.recordResponse(host, 200);
    }
  }

  /** Exactly the n-th error in a row ejects (DR-R64); of an endpoint that is ejected already the counter just goes on. */
  private fail(host: Host, reason: number, limit: number | undefined): void {
    const cell = counters[reason] as number;
    if (host.slot.add(cell, 1) + 1 !== limit || host.ejected) return;
    this.eject(host, reason);
    host.slot.set(cell, 0);
  }

  private eject(host: Host, reason: number): void {
    const now = this.clock.now();
    const before = host.slot.get(hostCell.ejection);
    if (!this.reserve()) {
      this.slot.count(clusterCell.ejectionOverflows);
      this.log('overflow', host, reason, before >> 1);
      return;
    }
    // One beyond the maximum is the most that can make a difference (DR-R66).
    const { baseEjectionTimeMs: base, maxEjectionTimeMs: max } = this.config;
    const ejections = (before >> 1) * base < max + base ? (before >> 1) + 1 : before >> 1;
    host.slot.times[hostTime.ejected] = now;
    host.slot.set(hostCell.reason, reason);
    if ((before & 1) === 1 || !host.slot.replace(hostCell.ejection, before, ejections * 2 + 1)) {
      // Another thread was faster.
      this.slot.add(clusterCell.ejected, -1);
      return;
    }
    this.slot.count(clusterCell.ejections + 2 * reason);
    this.slot.add(clusterCell.generation, 1);
    this.log('ejected', host, reason, ejections);
  }

  /** One more among the ejected, if the percentage of all endpoints allows (DR-R61). */
  private reserve(): boolean {
    for (;;) {
      const ejected = this.slot.get(clusterCell.ejected);
      if ((100 * (ejected + 1)) / this.hosts.length > Math.min(100, this.config.maxEjectionPercent)) return false;
      if (this.slot.replace(clusterCell.ejected, ejected, ejected + 1)) return true;
    }
  }

  private duration(ejections: number): number {
    return Math.min(this.config.baseEjectionTimeMs * ejections, this.config.maxEjectionTimeMs);
  }

  /** At every interval; of several threads that call it, one does the work. */
  tick(now: number): void {
    const last = this.slot.get(clusterCell.tick);
    const current = Math.floor(now) | 0;
    if (last !== 0 && ((current - last) | 0) < this.config.intervalMs * sameTick) return;
    if (!this.slot.replace(clusterCell.tick, last, current || 1)) return;
    for (const host of this.hosts) this.tickHost(host, now);
  }

  private tickHost(host: Host, now: number): void {
    const { slot } = host;
    const state = slot.get(hostCell.ejection);
    if (state === 0) return;
    if ((state & 1) === 0) {
      if (now - (slot.times[hostTime.unejected] as number) >= this.config.intervalMs) slot.replace(hostCell.ejection, state, state - 2);
      return;
    }
    if (now - (slot.times[hostTime.ejected] as number) >= this.duration(state >> 1)) this.uneject(host);
  }

  private uneject(host: Host): void {
    const { slot } = host;
    const state = slot.get(hostCell.ejection);
    for (const cell of counters) slot.set(cell, 0);
    slot.times[hostTime.unejected] = this.clock.now();
    if ((state & 1) === 0 || !slot.replace(hostCell.ejection, state, state - 1)) return;
    this.slot.add(clusterCell.ejected, -1);
    this.slot.add(clusterCell.generation, 1);
    this.log('unejected', host, slot.get(hostCell.reason), state >> 1);
  }

  /** The endpoint leaves the cluster, or is not watched any more. */
  forget(host: Host): void {
    const { slot } = host;
    const state = slot.get(hostCell.ejection);
    if (state === 0 || !slot.replace(hostCell.ejection, state, 0)) return;
    for (const cell of counters) slot.set(cell, 0);
    if ((state & 1) === 0) return;
    this.slot.add(clusterCell.ejected, -1);
    this.slot.add(clusterCell.generation, 1);
  }

  private log(action: EjectionEvent['action'], host: Host, reason: number, ejections: number): void {
    if (this.events.length >= keptEvents) this.events.shift();
    const at = this.clock.wallTime();
    this.events.push({
      action,
      host: host.key,
      reason: ejectionReasons[reason] as EjectionReason,
      at,
      until: action === 'ejected' ? at + this.duration(ejections) : undefined,
      ejections,
    });
  }

  /** Who is ejected, by whatever thread. */
  describe(): EjectedHost[] {
    const ofClock = this.clock.wallTime() - this.clock.now();
    return this.hosts
      .filter((host) => host.ejected)
      .map(({ key, slot }) => {
        const since = ofClock + (slot.times[hostTime.ejected] as number);
        const ejections = slot.get(hostCell.ejection) >> 1;
        const reason = ejectionReasons[slot.get(hostCell.reason)] as EjectionReason;
        return { host: key, reason, since, until: since + this.duration(ejections), ejections };
      });
  }

  stats(): OutlierStats {
    const [of5xx, gateway, local] = ejectionReasons.map((_, i) => this.slot.total(clusterCell.ejections + 2 * i)) as [number, number, number];
    return {
      ejections_active: this.slot.get(clusterCell.ejected),
      ejections_enforced_total: of5xx + gateway + local,
      ejections_enforced_consecutive_5xx: of5xx,
      ejections_enforced_consecutive_gateway_failure: gateway,
      ejections_enforced_consecutive_local_origin_failure: local,
      ejections_overflow: this.slot.total(clusterCell.ejectionOverflows),
    };
  }
}
