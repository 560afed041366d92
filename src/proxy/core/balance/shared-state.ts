// Where the slots of clusters and endpoints are. Those of a shared layout are in SharedArrayBuffers: worker threads that got the
// same layout count the same requests and agree on who is ejected. Instants are compared across threads, so their clocks must count
// from the same instant.
import { Slot, slotBytes } from './slot.ts';

const slotsOfSegment = 512;

/** Which slot each key has; plain data that can be posted to a worker. */
export interface ArenaLayout {
  readonly shared: boolean;
  readonly segments: readonly (ArrayBuffer | SharedArrayBuffer)[];
  /** `cluster` or `cluster|ip:port` → number of the slot. */
  readonly slots: ReadonlyMap<string, number>;
  /** Slots of keys that are gone: requests of the last table may still count there. */
  readonly retired: readonly number[];
  readonly free: readonly number[];
}

/** The part of a cluster that its keys come from. */
export interface ClusterKeys {
  readonly name: string;
  readonly localities: readonly { readonly endpoints: readonly { readonly address: string; readonly port: number }[] }[];
}

/** What the clusters of a table need slots for. */
export function stateKeys(clusters: Iterable<ClusterKeys>): string[] {
  const keys: string[] = [];
  for (const { name, localities } of clusters) {
    keys.push(name);
    for (const { endpoints } of localities) {
      for (const { address, port } of endpoints) keys.push(hostStateKey(name, hostKey(address, port)));
    }
  }
  return keys;
}

/** `ip:port`, `[ip6]:port`, or the path of a Unix socket. */
export function hostKey(address: string, port: number): string {
  if (address.startsWith('/')) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export function hostStateKey(cluster: string, key: string): string {
  return `${cluster}|${key}`;
}

/**
 * Gives every key a slot. Keys that were there before keep theirs. The slot of a key that is gone may go to another key in the
 * layout after that, if nothing is active in it then: make no layout before all threads have adopted the last one.
 *
 * @param keys of all clusters, also of endpoints that DNS told
 * @param shared for worker threads; without, the layout is for one thread
 */
export function layoutFor(keys: Iterable<string>, previous?: ArenaLayout, shared = true): ArenaLayout {
  const store = new SlotStore(previous?.shared ?? shared, previous);
  store.reclaim();
  const wanted = new Set(keys);
  for (const key of previous?.slots.keys() ?? []) if (!wanted.has(key)) store.release(key);
  for (const key of wanted) store.slotOf(key);
  return store;
}

/** Hands out the slots of a layout; a key that it does not have gets a slot of this thread alone. */
export class StateArena {
  private layout: ArenaLayout | undefined;
  private readonly own = new SlotStore(false);

  constructor(layout?: ArenaLayout) {
    this.layout = layout;
  }

  /** Takes the layout of a new table; slots that were handed out stay as they are. */
  adopt(layout: ArenaLayout): void {
    this.layout = layout;
  }

  /** The same key has the same counters, however often it is asked for. */
  slot(key: string): Slot {
    const place = this.layout?.slots.get(key);
    if (this.layout !== undefined && place !== undefined) return slotAt(this.layout.segments, place);
    return slotAt(this.own.segments, this.own.slotOf(key));
  }

  /** The key is not used any more. Keys of a layout are let go by the layout after it. */
  release(key: string): void {
    this.own.release(key);
  }
}

class SlotStore implements ArenaLayout {
  readonly shared: boolean;
  readonly segments: (ArrayBuffer | SharedArrayBuffer)[];
  readonly slots: Map<string, number>;
  readonly free: number[];
  retired: number[];

  constructor(shared: boolean, previous?: ArenaLayout) {
    this.shared = shared;
    this.segments = [...(previous?.segments ?? [])];
    this.slots = new Map(previous?.slots);
    this.free = [...(previous?.free ?? [])];
    this.retired = [...(previous?.retired ?? [])];
  }

  slotOf(key: string): number {
    const known = this.slots.get(key);
    if (known !== undefined) return known;
    if (this.free.length === 0) this.grow();
    const slot = this.free.pop() as number;
    this.slots.set(key, slot);
    return slot;
  }

  release(key: string): void {
    const slot = this.slots.get(key);
    if (slot === undefined) return;
    this.slots.delete(key);
    this.retired.push(slot);
  }

  /** Makes retired slots that nothing is active in free. */
  reclaim(): void {
    const still: number[] = [];
    for (const number of this.retired) {
      const slot = slotAt(this.segments, number);
      if (slot.isIdle()) {
        slot.clear();
        this.free.push(number);
      } else {
        still.push(number);
      }
    }
    this.retired = still;
  }

  private grow(): void {
    if (!this.shared) this.reclaim();
    if (this.free.length > 0) return;
    const first = this.segments.length * slotsOfSegment;
    const bytes = slotsOfSegment * slotBytes;
    this.segments.push(this.shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
    for (let i = slotsOfSegment - 1; i >= 0; i--) this.free.push(first + i);
  }
}

function slotAt(segments: readonly (ArrayBuffer | SharedArrayBuffer)[], slot: number): Slot {
  return new Slot(segments[Math.floor(slot / slotsOfSegment)] as ArrayBuffer, (slot % slotsOfSegment) * slotBytes);
}
