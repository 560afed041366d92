import type { KubeError } from '../../kube/error.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';

/** Kinds that fail within this time fail of the same thing. */
const togetherMs = 1_000;

/** When the API server is away every kind that is watched says so: one line tells it. */
export class Outages {
  private readonly log: ScopeLog;
  private waiting = new Map<string, { error: KubeError; kinds: Set<string> }>();
  private timer: NodeJS.Timeout | undefined;

  constructor(log: ScopeLog) {
    this.log = log;
  }

  add(kind: string, error: KubeError): void {
    const group = this.waiting.get(error.reason);
    if (group) group.kinds.add(kind);
    else this.waiting.set(error.reason, { error, kinds: new Set([kind]) });
    this.timer ??= setTimeout(() => this.tell(), togetherMs);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private tell(): void {
    this.timer = undefined;
    const groups = [...this.waiting.values()];
    this.waiting = new Map();
    for (const { error, kinds } of groups) {
      const others = kinds.size > 1 ? `, and ${kinds.size - 1} more kinds` : '';
      const help = error.help ? ` ${error.help}` : '';
      this.log.warning(`the cluster cannot be watched, and what is known goes on being served: ${error.message}${others}.${help}`, {
        reason: error.reason,
        kinds: [...kinds].join(','),
      });
    }
  }
}
