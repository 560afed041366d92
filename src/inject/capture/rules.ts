// The rules that redirect the connections of a pod to its sidecar, in the table `nat`. Only TCP: DNS by UDP stays as it is.
import type { CaptureOptions } from './options.ts';

export type Family = 4 | 6;

/** A rule of iptables: `-A CHAIN MATCH… -j TARGET`. */
export interface Rule {
  chain: string;
  match: readonly string[];
  target: readonly string[];
}

export const chains = {
  /** Where connections that arrive are sorted. */
  inbound: 'WEFT_INBOUND',
  /** Where connections that the pod makes are sorted. */
  outbound: 'WEFT_OUTPUT',
  toInbound: 'WEFT_IN_REDIRECT',
  toOutbound: 'WEFT_REDIRECT',
} as const;

/** What sends connections into the chains above. */
export const jumps: readonly Rule[] = [
  { chain: 'PREROUTING', match: ['-p', 'tcp'], target: [chains.inbound] },
  { chain: 'OUTPUT', match: ['-p', 'tcp'], target: [chains.outbound] },
];

const loopback = { 4: '127.0.0.1/32', 6: '::1/128' } as const;

/** The sidecar connects to the application from here, so that it is not redirected to itself. */
const deliverySource = { 4: '127.0.0.6/32', 6: '::6/128' } as const;

const leave = ['RETURN'];

/** All rules of one address family, in their order, without the jumps. */
export function captureRules(options: CaptureOptions, family: Family): Rule[] {
  return [
    { chain: chains.toOutbound, match: ['-p', 'tcp'], target: ['REDIRECT', '--to-ports', String(options.outboundPort)] },
    { chain: chains.toInbound, match: ['-p', 'tcp'], target: ['REDIRECT', '--to-ports', String(options.inboundPort)] },
    ...inboundRules(options, family).map((rule) => ({ chain: chains.inbound, ...rule })),
    ...outboundRules(options, family).map((rule) => ({ chain: chains.outbound, ...rule })),
  ];
}

type Part = Omit<Rule, 'chain'>;

function inboundRules(options: CaptureOptions, family: Family): Part[] {
  const { excludeInterfaces, virtualInterfaces, includeInboundPorts, excludeInboundPorts } = options;
  const all: Part = { match: [], target: [chains.toInbound] };
  return [
    ...excludeInterfaces.map((name) => ({ match: ['-i', name], target: leave })),
    ...virtualInterfaces.flatMap((name) => [
      ...includedRanges(options, family).map((match) => ({ match: ['-i', name, ...match], target: [chains.toOutbound] })),
      { match: ['-i', name], target: leave },
    ]),
    ...excludeInboundPorts.map((port) => ({ match: toPort(port), target: leave })),
    ...(includeInboundPorts === '*' ? [all] : includeInboundPorts.map((port) => ({ ...all, match: toPort(port) }))),
  ];
}

function outboundRules(options: CaptureOptions, family: Family): Part[] {
  const { excludeInterfaces, excludeOutboundPorts, includeOutboundPorts } = options;
  const owners = [...options.uids.map((uid) => ['--uid-owner', String(uid)]), ...options.gids.map((gid) => ['--gid-owner', String(gid)])].map((owner) => [
    '-m',
    'owner',
    ...owner,
  ]);
  const toOutbound = [chains.toOutbound];
  return [
    ...excludeInterfaces.map((name) => ({ match: ['-o', name], target: leave })),
    ...excludeOutboundPorts.map((port) => ({ match: toPort(port), target: leave })),
    { match: ['-o', 'lo', '-s', deliverySource[family]], target: leave },
    // The application called its own service, and the sidecar chose this very pod: that is inbound.
    ...owners.map((owner) => ({ match: ['-o', 'lo', '!', '-d', loopback[family], ...owner], target: [chains.toInbound] })),
    // The application calls itself, by the pod's address or by loopback.
    ...(includesLoopback(options, family) ? [] : [{ match: ['-o', 'lo'], target: leave }]),
    ...owners.map((owner) => ({ match: owner, target: leave })),
    { match: ['-d', loopback[family]], target: leave },
    ...ofFamily(options.excludeOutboundRanges, family).map((range) => ({ match: ['-d', range], target: leave })),
    ...(includeOutboundPorts === '*' ? [{ match: [], target: toOutbound }] : includeOutboundPorts.map((port) => ({ match: toPort(port), target: toOutbound }))),
    ...includedRanges(options, family).map((match) => ({ match, target: toOutbound })),
  ];
}

/** A match for each range; none for all of them. */
function includedRanges({ includeOutboundRanges }: CaptureOptions, family: Family): string[][] {
  return includeOutboundRanges === '*' ? [[]] : ofFamily(includeOutboundRanges, family).map((range) => ['-d', range]);
}

function includesLoopback({ includeOutboundRanges }: CaptureOptions, family: Family): boolean {
  return includeOutboundRanges !== '*' && ofFamily(includeOutboundRanges, family).some((range) => /^(?:127\.|::1\/128$)/.test(range));
}

function ofFamily(ranges: readonly string[], family: Family): string[] {
  return ranges.filter((range) => range.includes(':') === (family === 6));
}

function toPort(port: number): string[] {
  return ['-p', 'tcp', '--dport', String(port)];
}

/** As iptables-save has it. */
export function ruleText({ chain, match, target }: Rule): string {
  return ['-A', chain, ...match, '-j', ...target].join(' ');
}
