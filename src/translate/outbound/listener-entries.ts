// Listeners while they are made: several services can want one address and port.
import type { FilterChain } from '../../ir/listener.ts';
import type { Origin } from '../../ir/table.ts';
import type { Protocol } from '../../model/protocols.ts';
import type { ListenerKind } from '../port-protocols.ts';

export interface ListenerEntry {
  address: string;
  port: number;
  ownSocket: boolean;
  kind: ListenerKind;
  /** Of the first service. */
  protocol: Protocol | undefined;
  chains: FilterChain[];
  /** A Sidecar asked for this port with some services: others are not added (SEL-R31). */
  locked: boolean;
  origin: Origin | undefined;
}

/** What a service wants at an address and port. */
export type Wanted = Omit<ListenerEntry, 'locked'>;

/** Plain text that was detected as HTTP (SEL-R44). */
export const detectedHttp = { transport: 'raw_buffer', applicationProtocols: ['http/1.1', 'h2c'] } as const;

export class ListenerEntries {
  private readonly byKey = new Map<string, ListenerEntry>();

  all(): IterableIterator<ListenerEntry> {
    return this.byKey.values();
  }

  lock(): void {
    for (const entry of this.byKey.values()) entry.locked = true;
  }

  /** Whether the services of a listener with this address and port are fixed. */
  isLocked(address: string, port: number): boolean {
    return this.byKey.get(keyOf(address, port))?.locked === true;
  }

  /**
   * Adds what a service wants, beside what is there already (TCP-R4).
   *
   * @returns false where it cannot be there: the listener is locked, or speaks a protocol whose server begins
   */
  add(wanted: Wanted): boolean {
    const key = keyOf(wanted.address, wanted.port);
    const there = this.byKey.get(key);
    if (!there) {
      this.byKey.set(key, { ...wanted, locked: false });
      return true;
    }
    if (there.locked || (there.protocol !== wanted.protocol && (isServerFirst(there.protocol) || isServerFirst(wanted.protocol)))) return false;
    const before = `${wanted.kind} over ${there.kind}`;
    switch (before) {
      case 'http over tcp':
        there.chains.push(...wanted.chains.map(asDetected));
        there.kind = 'auto';
        return true;
      case 'tcp over http':
        there.chains = [...wanted.chains, ...there.chains.map(asDetected)];
        there.kind = 'auto';
        return true;
      case 'auto over http':
        there.chains = wanted.chains;
        there.kind = 'auto';
        return true;
      case 'tcp over tcp':
      case 'tcp over auto':
        return merge(there, wanted);
      case 'auto over tcp':
        there.kind = 'auto';
        return merge(there, wanted);
      default:
        // HTTP services share a listener, and of detected ports the bytes that are not HTTP go to the first service.
        return wanted.kind === 'http' || there.address === '0.0.0.0';
    }
  }
}

function keyOf(address: string, port: number): string {
  return `${address}_${port}`;
}

function isServerFirst(protocol: Protocol | undefined): boolean {
  return protocol === 'mysql' || protocol === 'mongo';
}

function asDetected(chain: FilterChain): FilterChain {
  return { ...chain, match: { ...chain.match, ...detectedHttp } };
}

/** Chains whose conditions are there already are left out: the first service has them. */
function merge(entry: ListenerEntry, { chains }: Wanted): boolean {
  const conditions = new Set(entry.chains.map(({ match }) => JSON.stringify(match)));
  const added = chains.filter(({ match }) => !conditions.has(JSON.stringify(match)));
  entry.chains = [...entry.chains, ...added];
  return added.length === chains.length;
}
