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
  /** Those of the chains, as text; undefined where they are not known. */
  conditions: Set<string> | undefined;
  /** A Sidecar asked for this port with some services: others are not added (SEL-R31). */
  locked: boolean;
  origin: Origin | undefined;
}

/** What a service wants at an address and port; most of it is made where it is needed only. */
export type Wanted = Omit<ListenerEntry, 'chains' | 'conditions' | 'locked' | 'origin'> & { chains: () => FilterChain[]; origin: () => Origin | undefined };

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
      this.byKey.set(key, { ...wanted, chains: wanted.chains(), conditions: undefined, origin: wanted.origin(), locked: false });
      return true;
    }
    if (there.locked || (there.protocol !== wanted.protocol && (isServerFirst(there.protocol) || isServerFirst(wanted.protocol)))) return false;
    const before = `${wanted.kind} over ${there.kind}`;
    switch (before) {
      case 'http over tcp':
        return replace(there, [...there.chains, ...wanted.chains().map(asDetected)]);
      case 'tcp over http':
        return replace(there, [...wanted.chains(), ...there.chains.map(asDetected)]);
      case 'auto over http':
        return replace(there, wanted.chains());
      case 'tcp over tcp':
      case 'tcp over auto':
        return merge(there, wanted.chains());
      case 'auto over tcp':
        there.kind = 'auto';
        return merge(there, wanted.chains());
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

function replace(entry: ListenerEntry, chains: FilterChain[]): true {
  entry.chains = chains;
  entry.conditions = undefined;
  entry.kind = 'auto';
  return true;
}

/** Chains whose conditions are there already are left out: the first service has them. */
function merge(entry: ListenerEntry, chains: readonly FilterChain[]): boolean {
  entry.conditions ??= new Set(entry.chains.map(({ match }) => JSON.stringify(match)));
  const before = entry.conditions;
  const added = chains.filter(({ match }) => !before.has(JSON.stringify(match)));
  for (const { match } of added) before.add(JSON.stringify(match));
  entry.chains.push(...added);
  return added.length === chains.length;
}
