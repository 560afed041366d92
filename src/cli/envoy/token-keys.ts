import type { EnvoyOptions } from '../../envoy/options.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { JwksStore } from '../../proxy/security/jwks-store.ts';
import { realJwksStore } from '../../proxy/security/real-jwks-store.ts';

/** How long a new table waits for the keys of its issuers. */
const waitMs = 3_000;

/** Keys of the issuers of tokens, for an Envoy that has them in its configuration. */
export class TokenKeys {
  readonly jwks: NonNullable<EnvoyOptions['jwks']> = (source) => this.store.keys(source)?.text;
  private readonly store: JwksStore;
  private renew: (() => void) | undefined;
  private changed = false;

  /** @param roots authorities that are trusted beside those of the system: PEM */
  constructor(warn: (text: string) => void, roots: readonly string[] | undefined) {
    this.store = realJwksStore({ tell: warn, changed: () => this.told() }, roots);
  }

  /** From now on the keys that a table names are kept. Waits a little for those that are new. */
  async use({ security }: RoutingTable): Promise<void> {
    this.store.retain(security?.authentication?.providers.map(({ keys }) => keys) ?? []);
    await this.store.settled(waitMs);
    this.changed = false;
  }

  /** Called after each change from now on, and at once where there was one since `use`. */
  follow(renew: () => void): void {
    this.renew = renew;
    if (this.changed) this.told();
  }

  close(): void {
    this.renew = undefined;
    this.store.close();
  }

  private told(): void {
    this.changed = true;
    this.renew?.();
  }
}
