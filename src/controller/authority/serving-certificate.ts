// The certificate of the control plane's own door, signed by the authority of the mesh: each replica makes its own.
import type { Clock } from '../../envoy/xds/clock.ts';
import { issueServing } from '../../pki/issue.ts';
import { renewedAt } from '../../pki/lifetimes.ts';
import { expiryOf } from '../../pki/validity.ts';
import type { AuthorityState } from './authority-keeper.ts';
import type { DoorCertificates } from './door.ts';

/** Timers know no longer waits. */
const longestWaitMs = 24 * 60 * 60 * 1000;
/** Where it could not be made. */
const retryMs = 5_000;

export class ServingCertificate {
  private readonly dnsNames: readonly string[];
  private readonly clock: Clock;
  private readonly changed: (certificates: DoorCertificates) => void;
  private readonly failed: (error: unknown) => void;
  private state: AuthorityState | undefined;
  private renewAt = 0;
  private cancel: (() => void) | undefined;
  private stopped = false;

  constructor(dnsNames: readonly string[], clock: Clock, changed: (certificates: DoorCertificates) => void, failed: (error: unknown) => void) {
    this.dnsNames = dnsNames;
    this.clock = clock;
    this.changed = changed;
    this.failed = failed;
  }

  /** Makes one that this authority signs. */
  async make(state: AuthorityState): Promise<void> {
    this.state = state;
    const { authority, roots } = state;
    const now = this.clock.now();
    const { certificate, key } = await issueServing(authority.pair, this.dnsNames, now);
    // Another authority has come meanwhile.
    if (this.state !== state || this.stopped) return;
    this.renewAt = now + (expiryOf(certificate) - now) * renewedAt;
    this.changed({ certificate: `${certificate}${authority.chain}`, key, roots });
    this.wait(this.renewAt - now);
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
  }

  private wait(ms: number): void {
    this.cancel?.();
    if (this.stopped) return;
    this.cancel = this.clock.after(Math.min(Math.max(ms, 0), longestWaitMs), () => {
      const left = this.renewAt - this.clock.now();
      if (left > 0) this.wait(left);
      else if (this.state) {
        this.make(this.state).catch((error: unknown) => {
          this.failed(error);
          this.wait(retryMs);
        });
      }
    });
  }
}
