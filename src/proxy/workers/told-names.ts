import type { LocalityEndpoints } from '../../ir/cluster.ts';
import type { Resolve } from '../dns.ts';

/** Endpoints of DNS clusters in a worker: another thread looks names up for all, so that all have the same endpoints. */
export class ToldNames {
  private readonly waiting = new Map<string, (localities: readonly LocalityEndpoints[]) => void>();
  private resolved: ReadonlyMap<string, readonly LocalityEndpoints[]> = new Map();

  readonly resolve: Resolve = ({ name }, changed) => {
    this.waiting.set(name, changed);
    const known = this.resolved.get(name);
    if (known) changed(known);
    return {
      close: () => {
        if (this.waiting.get(name) === changed) this.waiting.delete(name);
      },
    };
  };

  tell(resolved: ReadonlyMap<string, readonly LocalityEndpoints[]>): void {
    const before = this.resolved;
    this.resolved = resolved;
    for (const [name, changed] of this.waiting) {
      const now = resolved.get(name);
      if (now && JSON.stringify(now) !== JSON.stringify(before.get(name))) changed(now);
    }
  }
}
