// The identity of a workload: asked for, renewed long before it ends, and kept over times without a control plane.
import type { Clock } from '../envoy/xds/clock.ts';
import { trustBundle } from '../pki/pem.ts';
import type { SignedIdentity } from '../pki/signing/client.ts';
import type { ScopeLog } from '../proxy/telemetry/log.ts';
import type { Credentials, NamedCredentials, WorkloadCredentials } from '../proxy/tls/credentials.ts';

export interface WorkloadIdentitySettings {
  /** @throws Error that says why there is none */
  request(): Promise<SignedIdentity>;
  /** PEM; what this proxy trusts besides what comes with its certificate. @throws Error */
  roots(): Promise<string>;
  clock: Clock;
  random(): number;
  log: ScopeLog;
}

/** Renewed at a time by chance in this part of its life: those that began together do not come back together. */
const renewal = { from: 0.5, to: 0.65 };
const retry = { firstMs: 500, longestMs: 30_000 };
/** How often the roots are looked at: they come by a file that changes. */
const rootsEveryMs = 5_000;
const longestWaitMs = 24 * 60 * 60 * 1000;

export class WorkloadIdentity implements Credentials {
  private readonly settings: WorkloadIdentitySettings;
  private readonly listeners = new Set<() => void>();
  private identity: SignedIdentity | undefined;
  private fileRoots = '';
  private known: WorkloadCredentials | undefined;
  private failures = 0;
  /** Undefined: it is being asked for. */
  private renewAt: number | undefined;
  private cancelRenewal: (() => void) | undefined;
  private cancelRoots: (() => void) | undefined;
  private stopped = false;

  constructor(settings: WorkloadIdentitySettings) {
    this.settings = settings;
  }

  workload(): WorkloadCredentials | undefined {
    return this.known;
  }

  named(_name: string): NamedCredentials | undefined {
    return undefined;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Begins to ask; an identity is there when `onChange` was called for the first time. */
  start(): void {
    void this.renew();
    void this.readRoots();
  }

  stop(): void {
    this.stopped = true;
    this.cancelRenewal?.();
    this.cancelRoots?.();
  }

  private async renew(): Promise<void> {
    const { clock, log, random } = this.settings;
    const asked = clock.now();
    this.renewAt = undefined;
    this.cancelRenewal?.();
    let identity: SignedIdentity;
    try {
      identity = await this.settings.request();
    } catch (error) {
      if (this.stopped) return;
      const waitMs = Math.min(retry.longestMs, retry.firstMs * 2 ** Math.min(this.failures, 16)) * (0.5 + random() / 2);
      if (this.failures++ === 0) log.warning(`no certificate of the mesh: ${(error as Error).message}; ${this.meanwhile()}`, { retryMs: Math.round(waitMs) });
      this.wait(clock.now() + waitMs);
      return;
    }
    if (this.stopped) return;
    log.info(this.identity ? 'the certificate was renewed' : 'the certificate of the mesh is there', {
      identity: identity.spiffeId,
      until: new Date(identity.expiresAt).toISOString(),
    });
    this.failures = 0;
    this.identity = identity;
    // By this machine's clock, whatever that of the authority says.
    const life = Math.max(identity.expiresAt - asked, 0);
    this.wait(asked + life * (renewal.from + random() * (renewal.to - renewal.from)));
    this.tell();
  }

  private wait(at: number): void {
    this.renewAt = at;
    const { clock } = this.settings;
    // Never so fast that an authority with another clock is asked without an end.
    const ms = Math.min(Math.max(at - clock.now(), retry.firstMs), longestWaitMs);
    this.cancelRenewal?.();
    this.cancelRenewal = clock.after(ms, () => {
      if (clock.now() < at) this.wait(at);
      else void this.renew();
    });
  }

  private async readRoots(): Promise<void> {
    try {
      const roots = await this.settings.roots();
      if (roots !== this.fileRoots) {
        this.fileRoots = roots;
        this.tell();
      }
    } catch {
      // Those before go on; who asks for a certificate says what is wrong with the file.
    }
    if (this.stopped) return;
    const { clock } = this.settings;
    // Timers do not know that the machine has slept, or that its clock was set.
    if (this.renewAt !== undefined && clock.now() > this.renewAt + rootsEveryMs) void this.renew();
    this.cancelRoots = clock.after(rootsEveryMs, () => void this.readRoots());
  }

  private tell(): void {
    const { identity, known } = this;
    if (!identity || this.stopped) return;
    const { certificateChain, privateKey, spiffeId, expiresAt } = identity;
    const roots = trustBundle([identity.roots, this.fileRoots], this.settings.clock.now());
    if (known?.certificateChain === certificateChain && known.roots === roots) return;
    this.known = { certificateChain, privateKey, spiffeId, roots, expiresAt };
    for (const listener of this.listeners) listener();
  }

  private meanwhile(): string {
    const left = this.identity ? this.identity.expiresAt - this.settings.clock.now() : 0;
    return left > 0 ? `the one there is goes on until ${new Date(this.identity?.expiresAt ?? 0).toISOString()}` : 'it is asked for again';
  }
}
