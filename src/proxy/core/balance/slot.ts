// The counters of one cluster or one endpoint: a slot of fixed size, which worker threads may share.

/** Cells of a slot; each is 32 bits wide. */
const cellsOfSlot = 26;
/** Instants after the cells, in milliseconds of the clock; 0: none. */
const timesOfSlot = 3;
/** Two cache lines, so that no two slots share one. */
export const slotBytes = 128;

/** Cells of an endpoint. Totals take two cells: the lower half, and the upper half after it. */
export const hostCell = {
  /** Ejections that count (DR-R66) times 2, plus 1 while it is ejected. */
  ejection: 0,
  consecutive5xx: 1,
  consecutiveGateway: 2,
  consecutiveLocal: 3,
  activeRequests: 4,
  activeConnections: 5,
  requests: 8,
  successes: 10,
  errors: 12,
  timeouts: 14,
  connections: 16,
  connectFailures: 18,
  /** Index in `ejectionReasons` of the last ejection. */
  reason: 20,
} as const;

export const hostTime = { ejected: 0, unejected: 1, added: 2 } as const;

/** Cells of a cluster. */
export const clusterCell = {
  /** Grows whenever the set of ejected endpoints changed: balancers make their lists anew. */
  generation: 0,
  ejected: 1,
  /** Whole milliseconds of the last interval of outlier detection, modulo 2^32. */
  tick: 2,
  activeConnections: 4,
  pendingRequests: 5,
  activeRequests: 6,
  activeRetries: 7,
  connectionOverflows: 8,
  pendingOverflows: 10,
  requestOverflows: 12,
  retryOverflows: 14,
  /** Totals of each reason, in the order of `ejectionReasons`. */
  ejections: 16,
  ejectionOverflows: 22,
  panics: 24,
} as const;

/** What is active is counted in these cells, of a cluster as of an endpoint. */
const firstActive = 4;
const lastActive = 7;

export class Slot {
  readonly cells: Int32Array;
  readonly times: Float64Array;
  private readonly shared: boolean;

  constructor(buffer: ArrayBuffer | SharedArrayBuffer, offset: number) {
    this.cells = new Int32Array(buffer as ArrayBuffer, offset, cellsOfSlot);
    this.times = new Float64Array(buffer as ArrayBuffer, offset + cellsOfSlot * 4, timesOfSlot);
    this.shared = buffer instanceof SharedArrayBuffer;
  }

  get(cell: number): number {
    return this.cells[cell] as number;
  }

  /** @returns the number before */
  add(cell: number, by: number): number {
    // An atomic operation costs several times what a plain one does, also where no other thread is.
    if (this.shared) return Atomics.add(this.cells, cell, by);
    const before = this.cells[cell] as number;
    this.cells[cell] = before + by;
    return before;
  }

  set(cell: number, value: number): void {
    if (this.shared) Atomics.store(this.cells, cell, value);
    else this.cells[cell] = value;
  }

  /** Sets the cell if it has the expected number; whether it had. */
  replace(cell: number, expected: number, value: number): boolean {
    return Atomics.compareExchange(this.cells, cell, expected, value) === expected;
  }

  /** Adds 1 to a total. */
  count(cell: number): void {
    if (this.add(cell, 1) === -1) this.add(cell + 1, 1);
  }

  total(cell: number): number {
    return ((this.cells[cell + 1] as number) >>> 0) * 0x100000000 + ((this.cells[cell] as number) >>> 0);
  }

  isIdle(): boolean {
    for (let i = firstActive; i <= lastActive; i++) if ((this.cells[i] as number) > 0) return false;
    return true;
  }

  clear(): void {
    this.cells.fill(0);
    this.times.fill(0);
  }
}
