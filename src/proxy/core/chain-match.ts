import type { FilterChain, FilterChainMatch, Listener } from '../../ir/listener.ts';
import { type Cidr, cidrContains, parseCidr, parseIp } from './ip.ts';

/** What a new connection is matched by. */
export interface ConnectionTraits {
  /** Where the client meant to connect. */
  address: string;
  port: number;
  /** Of the ClientHello; empty without. */
  serverName: string;
  transport: 'tls' | 'raw_buffer';
  /** ALPN of the ClientHello in its order, or what plain text was detected as: `http/1.1`, `http/1.0`, `h2c`. */
  applicationProtocols: readonly string[];
}

/** Chain by application protocol; the empty key: any. */
type ByProtocol = Map<string, FilterChain>;
/** By transport; the empty key: any. */
type ByTransport = Map<string, ByProtocol>;

interface Block {
  /** Undefined: any address, also where it is no IP address. */
  cidr: Cidr | undefined;
  /** By server name: exact, `.suffix` for wildcards, empty for any. */
  names: Map<string, ByTransport>;
}

/**
 * The filter chains of a listener, for looking up the one that takes a connection. Each property narrows the choice to the chains
 * that name it most exactly, in the order destination port, address (longest prefix), server name (exact, then the longest
 * wildcard), transport, application protocol: there is no way back to a chain that was less exact in an earlier property, even if
 * nothing is left then (TCP-R11, SEL-R75).
 */
export class ChainMatcher {
  /** By destination port; 0: any. Blocks with the longest prefix first. */
  private readonly ports = new Map<number, Block[]>();
  private readonly fallback: FilterChain | undefined;

  constructor(listener: Pick<Listener, 'chains' | 'defaultChain'>) {
    this.fallback = listener.defaultChain;
    for (const chain of listener.chains) this.add(chain, chain.match);
    for (const blocks of this.ports.values()) blocks.sort((a, b) => (b.cidr?.length ?? -1) - (a.cidr?.length ?? -1));
  }

  /** The chain that takes the connection; undefined: none, it is closed (flag `NR`). */
  find(connection: ConnectionTraits): FilterChain | undefined {
    const blocks = this.ports.get(connection.port) ?? this.ports.get(0);
    return (blocks && inBlocks(blocks, connection)) ?? this.fallback;
  }

  private add(chain: FilterChain, match: FilterChainMatch): void {
    const blocks = entry(this.ports, match.destinationPort ?? 0, (): Block[] => []);
    for (const cidr of cidrsOf(match)) {
      let block = blocks.find((b) => sameCidr(b.cidr, cidr));
      if (!block) {
        block = { cidr, names: new Map() };
        blocks.push(block);
      }
      for (const name of namesOf(match)) {
        const transports = entry(block.names, name, (): ByTransport => new Map());
        const protocols = entry(transports, match.transport ?? '', (): ByProtocol => new Map());
        // Of two chains for the same connections the first is kept.
        for (const protocol of listOr(match.applicationProtocols)) entry(protocols, protocol, () => chain);
      }
    }
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function inBlocks(blocks: readonly Block[], connection: ConnectionTraits): FilterChain | undefined {
  let address: Uint8Array | undefined;
  let parsed = false;
  for (const { cidr, names } of blocks) {
    if (cidr) {
      if (!parsed) address = parseIp(connection.address);
      parsed = true;
      if (!address || !cidrContains(cidr, address)) continue;
    }
    return byServerName(names, connection);
  }
  return undefined;
}

function byServerName(names: ReadonlyMap<string, ByTransport>, connection: ConnectionTraits): FilterChain | undefined {
  const name = connection.serverName.toLowerCase();
  let transports = names.get(name);
  // A wildcard stands for one or more whole labels.
  for (let dot = name.indexOf('.', 1); !transports && dot > 0 && dot < name.length - 1; dot = name.indexOf('.', dot + 1)) {
    transports = names.get(name.slice(dot));
  }
  transports ??= names.get('');
  const protocols = transports?.get(connection.transport) ?? transports?.get('');
  if (!protocols) return undefined;
  for (const protocol of connection.applicationProtocols) {
    const chain = protocols.get(protocol);
    if (chain) return chain;
  }
  return protocols.get('');
}

/** CIDR blocks of a match; a block that cannot be read takes no connection. */
function cidrsOf(match: FilterChainMatch): (Cidr | undefined)[] {
  if (!match.destinationCidrs || match.destinationCidrs.length === 0) return [undefined];
  return match.destinationCidrs.flatMap((text) => parseCidr(text) ?? []);
}

function sameCidr(a: Cidr | undefined, b: Cidr | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.length === b.length && cidrContains(a, b.bytes);
}

function namesOf(match: FilterChainMatch): string[] {
  return listOr(match.serverNames).map((name) => (name === '*' ? '' : (name.startsWith('*.') ? name.slice(1) : name).toLowerCase()));
}

const listOr = (list: readonly string[] | undefined): readonly string[] => (list && list.length > 0 ? list : ['']);
