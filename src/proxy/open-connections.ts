import type { Clock, Timer } from './core/clock.ts';

/** A downstream connection, as far as its end is concerned. */
export interface OpenConnection {
  /** Ends with the request that is under way; the client is told where the protocol has words for it. */
  drain(): void;
  /** Ends now if no request is under way. */
  closeIdle?(): void;
  destroy(): void;
}

/**
 * An idle client hears nothing of the drain, and may just be sending its next request: that one is still answered, and tells it that
 * the connection ends.
 */
const idleGraceMs = 1000;

/** The downstream connections of a thread, by what they belong to. */
export class OpenConnections<Owner> {
  private readonly clock: Clock;
  private readonly drainMs: number;
  private readonly onIdle: () => void;
  private readonly owners = new Map<OpenConnection, Owner>();
  private readonly timers = new Set<Timer>();
  private draining = false;

  /**
   * @param drainMs what drained connections have at most
   * @param onIdle the last one is closed
   */
  constructor(clock: Clock, drainMs: number, onIdle: () => void) {
    this.clock = clock;
    this.drainMs = drainMs;
    this.onIdle = onIdle;
  }

  get size(): number {
    return this.owners.size;
  }

  /** @param owners that there are; a connection of another one has come late, and ends with its first request */
  add(connection: OpenConnection, owner: Owner, owners: ReadonlySet<Owner>): void {
    this.owners.set(connection, owner);
    if (this.draining || !owners.has(owner)) this.retire([connection]);
  }

  delete(connection: OpenConnection): void {
    if (this.owners.delete(connection) && this.owners.size === 0) this.onIdle();
  }

  /** All that are there, and all that come. */
  drainAll(): void {
    this.draining = true;
    this.retire([...this.owners.keys()]);
  }

  /** Those of other owners than these. */
  drainOthers(owners: ReadonlySet<Owner>): void {
    this.retire([...this.owners].filter(([, owner]) => !owners.has(owner)).map(([connection]) => connection));
  }

  destroyAll(): void {
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
    for (const connection of this.owners.keys()) connection.destroy();
    this.owners.clear();
  }

  private retire(connections: readonly OpenConnection[]): void {
    if (connections.length === 0) return;
    for (const connection of connections) connection.drain();
    this.later(idleGraceMs, connections, (connection) => connection.closeIdle?.());
    this.later(this.drainMs, connections, (connection) => connection.destroy());
  }

  private later(ms: number, connections: readonly OpenConnection[], end: (connection: OpenConnection) => void): void {
    const timer = this.clock.setTimer(ms, () => {
      this.timers.delete(timer);
      for (const connection of connections) if (this.owners.has(connection)) end(connection);
    });
    this.timers.add(timer);
  }
}
