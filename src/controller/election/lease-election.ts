// One of several replicas writes: the holder of a Lease, as client-go elects it.
import type { Clock } from '../../envoy/xds/clock.ts';
import { KubeError } from '../../kube/error.ts';
import type { KubeObject } from '../../kube/object.ts';

/** The Lease of an election, as the API server has it. */
export interface Leases {
  /** Undefined: there is none. */
  get(): Promise<KubeObject | undefined>;
  /** @throws KubeError 'AlreadyExists' */
  create(spec: LeaseSpec): Promise<KubeObject>;
  /** @throws KubeError 'Conflict' where it is another version by now */
  update(lease: KubeObject, spec: LeaseSpec): Promise<KubeObject>;
}

/** `spec` of coordination.k8s.io/v1 Lease. */
export interface LeaseSpec {
  holderIdentity: string;
  leaseDurationSeconds: number;
  acquireTime: string;
  renewTime: string;
  leaseTransitions: number;
}

export interface ElectionSettings {
  leases: Leases;
  /** Of this replica, different from those of all others. */
  identity: string;
  clock: Clock;
  /** Others wait so long after the last renewal that they saw. */
  leaseMs?: number;
  /** Without a renewal for so long this replica leads no more; shorter than `leaseMs`. */
  renewMs?: number;
  retryMs?: number;
  random?: () => number;
  /** It leads, or leads no more. */
  changed(leads: boolean): void;
  /** Told once for each outage. */
  problem?(error: unknown): void;
}

/**
 * A replica takes the Lease when its holder did not renew it for `leaseMs` of this replica's own clock, counted from when this replica
 * saw the last renewal: clocks of machines are never compared.
 */
export class LeaseElection {
  /** Who holds the Lease, as far as is known; empty: nobody. */
  holder = '';
  private readonly settings: Required<Omit<ElectionSettings, 'problem'>> & Pick<ElectionSettings, 'problem'>;
  private observed: { text: string; at: number } | undefined;
  private leading = false;
  /** The Lease names this replica, as far as it knows. */
  private holds = false;
  private renewedAt = 0;
  private cancel: (() => void) | undefined;
  private cancelDeadline: (() => void) | undefined;
  private stopped = false;
  private told = false;
  private under: Promise<void> | undefined;

  constructor(settings: ElectionSettings) {
    this.settings = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000, random: Math.random, ...settings };
  }

  /** Whether this replica may write, now. */
  get leads(): boolean {
    this.checkDeadline();
    return this.leading;
  }

  start(): void {
    this.next(0);
  }

  /** Gives the Lease up, so that another replica has it at once. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel?.();
    await this.under;
    this.lead(false);
    if (!this.holds) return;
    const { leases, identity } = this.settings;
    try {
      const lease = await leases.get();
      if (lease && specOf(lease).holderIdentity === identity) await leases.update(lease, { ...this.spec(lease), holderIdentity: '', leaseDurationSeconds: 1 });
    } catch {
      // Then it expires.
    }
  }

  private next(ms: number): void {
    if (this.stopped) return;
    this.cancel = this.settings.clock.after(ms, () => {
      this.under = this.attempt().finally(() => {
        this.under = undefined;
        const { retryMs, random } = this.settings;
        // Replicas that lose a race do not run the next one at the same moment.
        this.next(this.leading ? retryMs : retryMs * (1 + random() * 0.2));
      });
    });
    if (this.leading) this.watchDeadline();
  }

  /** A request that never ends must not keep the lead. */
  private watchDeadline(): void {
    this.cancelDeadline?.();
    const { clock, renewMs } = this.settings;
    this.cancelDeadline = clock.after(Math.max(0, this.renewedAt + renewMs - clock.now()), () => this.checkDeadline());
  }

  private checkDeadline(): void {
    const { clock, renewMs } = this.settings;
    if (this.leading && clock.now() - this.renewedAt >= renewMs) this.lead(false);
  }

  private async attempt(): Promise<void> {
    // A renewal counts from when it was asked for: others may have seen it since.
    const asked = this.settings.clock.now();
    try {
      this.holds = await this.tryToHold();
      this.told = false;
      if (this.holds) {
        this.renewedAt = asked;
        if (!this.stopped) this.lead(true);
      } else this.lead(false);
    } catch (error) {
      // Somebody else was faster; the next attempt sees who.
      if (error instanceof KubeError && (error.reason === 'Conflict' || error.reason === 'AlreadyExists')) this.checkDeadline();
      else {
        if (!this.told) this.settings.problem?.(error);
        this.told = true;
        this.checkDeadline();
      }
    }
  }

  private async tryToHold(): Promise<boolean> {
    const { leases, identity, clock, leaseMs } = this.settings;
    const lease = await leases.get();
    if (!lease) {
      this.observe(await leases.create(this.spec(undefined)));
      return true;
    }
    this.observe(lease);
    const { holderIdentity = '' } = specOf(lease);
    const isFree = holderIdentity === '' || clock.now() - (this.observed?.at ?? 0) >= leaseMs;
    if (holderIdentity !== identity && !isFree) return false;
    this.observe(await leases.update(lease, this.spec(lease)));
    return true;
  }

  private observe(lease: KubeObject): void {
    const spec = specOf(lease);
    const text = JSON.stringify([spec.holderIdentity, spec.renewTime, spec.acquireTime]);
    if (this.observed?.text !== text) this.observed = { text, at: this.settings.clock.now() };
    this.holder = spec.holderIdentity ?? '';
  }

  private spec(lease: KubeObject | undefined): LeaseSpec {
    const { identity, clock, leaseMs } = this.settings;
    const now = microTime(clock.now());
    const { holderIdentity, acquireTime = now, leaseTransitions = 0 } = lease ? specOf(lease) : {};
    const same = holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.round(leaseMs / 1000)),
      acquireTime: same ? acquireTime : now,
      renewTime: now,
      leaseTransitions: lease && !same ? leaseTransitions + 1 : leaseTransitions,
    };
  }

  private lead(leads: boolean): void {
    if (leads === this.leading) return;
    this.leading = leads;
    if (!leads) this.cancelDeadline?.();
    this.settings.changed(leads);
  }
}

function specOf(lease: KubeObject): Partial<LeaseSpec> {
  return (lease.spec ?? {}) as Partial<LeaseSpec>;
}

/** As Kubernetes writes times with microseconds. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
