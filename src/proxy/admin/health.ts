import type { ServerState } from './state.ts';

/** The state of the process, as the parts of it tell (TEL-R20). */
export class Health {
  private phase: ServerState = 'PRE_INITIALIZING';
  private failed = false;

  /** A failed health check shows as draining, as Envoy's does. */
  get state(): ServerState {
    return this.phase === 'LIVE' && this.failed ? 'DRAINING' : this.phase;
  }

  /** A table is there, its sockets are not yet. */
  initializing(): void {
    if (this.phase === 'PRE_INITIALIZING') this.phase = 'INITIALIZING';
  }

  live(): void {
    if (this.phase !== 'DRAINING') this.phase = 'LIVE';
  }

  draining(): void {
    this.phase = 'DRAINING';
  }

  /** @param failed until it is said again */
  fail(failed: boolean): void {
    this.failed = failed;
  }
}
