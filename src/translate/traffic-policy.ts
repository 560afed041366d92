import type { DestinationRule, TrafficPolicy, TrafficPolicy_PortTrafficPolicy } from '../manifest/istio/networking.gen.ts';
import type { Path } from '../manifest/problem.ts';

/** What a policy of a port can say, too. */
export const portBlocks = ['connectionPool', 'loadBalancer', 'outlierDetection', 'tls'] as const;
export type PortBlock = (typeof portBlocks)[number];

/** A part of a traffic policy, and where it is written. */
export interface Block<Name extends PortBlock = PortBlock> {
  value: NonNullable<TrafficPolicy_PortTrafficPolicy[Name]>;
  path: Path;
}

/** A traffic policy, and where it is written. */
export interface PlacedPolicy {
  policy: TrafficPolicy;
  path: Path;
}

export interface WrittenPolicy extends PlacedPolicy {
  /** Index in `subsets`; undefined for that of the host. */
  subset: number | undefined;
}

/** The traffic policies of the host and of its subsets. */
export function policiesOf({ trafficPolicy, subsets = [] }: DestinationRule): WrittenPolicy[] {
  const ofHost: WrittenPolicy[] = trafficPolicy ? [{ policy: trafficPolicy, path: ['spec', 'trafficPolicy'], subset: undefined }] : [];
  return [
    ...ofHost,
    ...subsets.flatMap((s, subset) => (s?.trafficPolicy ? [{ policy: s.trafficPolicy, path: ['spec', 'subsets', subset, 'trafficPolicy'], subset }] : [])),
  ];
}

/** Every part of this name that is written in a rule, for the host, a subset or a port. */
export function writtenBlocks<Name extends PortBlock>(rule: DestinationRule, name: Name): Block<Name>[] {
  const block = (settings: TrafficPolicy_PortTrafficPolicy | null, path: Path): Block<Name>[] => {
    const value = settings?.[name];
    return value ? [{ value, path: [...path, name] }] : [];
  };
  return policiesOf(rule).flatMap(({ policy, path }) => [
    ...block(policy, path),
    ...(policy.portLevelSettings ?? []).flatMap((entry, i) => block(entry, [...path, 'portLevelSettings', i])),
  ]);
}

export interface PortEntry {
  entry: TrafficPolicy_PortTrafficPolicy;
  index: number;
}

/** The policy of a port in `portLevelSettings`. */
export function portEntry(policy: TrafficPolicy | undefined, port: number): PortEntry | undefined {
  const index = (policy?.portLevelSettings ?? []).findIndex((entry) => entry?.port?.number === port);
  return index < 0 ? undefined : { entry: policy?.portLevelSettings?.[index] as TrafficPolicy_PortTrafficPolicy, index };
}

/**
 * The part of a traffic policy that applies to the cluster of a port, or of a subset at this port. A port's policy stands alone
 * (DR-R10); a part of the subset's replaces the host's as a whole, and a port's policy of the subset all parts of it (DR-R11, DR-R12).
 *
 * @param subset undefined where the subset has no policy of its own, and for the cluster of the host
 */
export function blockFor<Name extends PortBlock, From extends PlacedPolicy>(
  name: Name,
  port: number,
  host: From | undefined,
  subset: From | undefined,
): (Block<Name> & { from: From }) | undefined {
  if (subset && portEntry(subset.policy, port)) return blockOf(name, port, subset);
  return blockOf(name, port, subset) ?? blockOf(name, port, host);
}

function blockOf<Name extends PortBlock, From extends PlacedPolicy>(
  name: Name,
  port: number,
  from: From | undefined,
): (Block<Name> & { from: From }) | undefined {
  const forPort = portEntry(from?.policy, port);
  const value = (forPort ? forPort.entry : from?.policy)?.[name];
  if (!from || !value) return undefined;
  const path = forPort ? [...from.path, 'portLevelSettings', forPort.index, name] : [...from.path, name];
  return { value: value as Block<Name>['value'], path, from };
}

/**
 * As `blockFor`, of one destination rule.
 *
 * @param subset index in `subsets`
 */
export function effectiveBlock<Name extends PortBlock>(rule: DestinationRule, name: Name, port: number, subset?: number): Block<Name> | undefined {
  const placed = (policy: TrafficPolicy | undefined, path: Path): PlacedPolicy | undefined => policy && { policy, path };
  const own = subset === undefined ? undefined : placed(rule.subsets?.[subset]?.trafficPolicy, ['spec', 'subsets', subset, 'trafficPolicy']);
  return blockFor(name, port, placed(rule.trafficPolicy, ['spec', 'trafficPolicy']), own);
}
