import type { FilterChain, FilterChainMatch } from '../../ir/listener.ts';
import { canonicalRange } from './ranges.ts';

/**
 * Chains of which no two take the same connections: Envoy refuses the whole listener otherwise. What several ask for the first one
 * has, of the others the rest is left. Names that Envoy cannot look for are left out, with chains that have no others.
 */
export function distinctChains(chains: readonly FilterChain[]): FilterChain[] {
  const taken = new Set<string>();
  return chains.flatMap((chain) => {
    const match = distinctMatch(chain.match, taken);
    if (!match) return [];
    for (const key of keysOf(match)) taken.add(key);
    return [{ ...chain, match }];
  });
}

/** Lists of conditions of which one member must hold. */
const lists = ['serverNames', 'destinationCidrs', 'applicationProtocols'] as const;

/** Undefined where nothing is left. */
function distinctMatch(written: FilterChainMatch, taken: ReadonlySet<string>): FilterChainMatch | undefined {
  const { serverNames, destinationCidrs, applicationProtocols } = written;
  let match: FilterChainMatch = {
    ...written,
    ...(serverNames ? { serverNames: [...new Set(serverNames)].filter(isName) } : {}),
    ...(destinationCidrs ? { destinationCidrs: [...new Map(destinationCidrs.map((one) => [canonicalRange(one), one])).values()] } : {}),
    ...(applicationProtocols ? { applicationProtocols: [...new Set(applicationProtocols)] } : {}),
  };
  if (serverNames && match.serverNames?.length === 0) return undefined;
  for (const list of lists) {
    if (!keysOf(match).some((key) => taken.has(key))) return match;
    const members = match[list];
    if (!members) continue;
    const free = members.filter((member) => !keysOf({ ...match, [list]: [member] }).some((key) => taken.has(key)));
    if (free.length > 0) match = { ...match, [list]: free };
  }
  return keysOf(match).some((key) => taken.has(key)) ? undefined : match;
}

/** A wildcard is one whole label, the first. */
function isName(name: string): boolean {
  return name !== '' && !name.replace(/^\*\./, '').includes('*');
}

/** One for each way in which a connection can meet the conditions. */
function keysOf({ serverNames = [''], destinationCidrs = [''], applicationProtocols = [''], destinationPort, transport }: FilterChainMatch): string[] {
  const keys: string[] = [];
  for (const name of serverNames) {
    for (const range of destinationCidrs) {
      for (const protocol of applicationProtocols) keys.push([destinationPort, canonicalRange(range), name, transport, protocol].join(' '));
    }
  }
  return keys;
}
