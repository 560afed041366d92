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

/** A traffic policy of a rule, and where it is written. */
export interface WrittenPolicy {
  policy: TrafficPolicy;
  path: Path;
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
 * The part of a destination rule that applies to the cluster of a port, or of a subset at this port. A port's policy stands alone
 * (DR-R10); a part of the subset's replaces the host's as a whole, and a port's policy of the subset all parts of it (DR-R11, DR-R12).
 *
 * @param subset index in `subsets`
 */
export function effectiveBlock<Name extends PortBlock>(rule: DestinationRule, name: Name, port: number, subset?: number): Block<Name> | undefined {
  const own = subset === undefined ? undefined : rule.subsets?.[subset]?.trafficPolicy;
  const path = ['spec', 'subsets', subset as number, 'trafficPolicy'];
  if (portEntry(own, port)) return blockOf(own, name, port, path);
  return blockOf(own, name, port, path) ?? blockOf(rule.trafficPolicy, name, port, ['spec', 'trafficPolicy']);
}

function blockOf<Name extends PortBlock>(policy: TrafficPolicy | undefined, name: Name, port: number, path: Path): Block<Name> | undefined {
  const forPort = portEntry(policy, port);
  const value = (forPort ? forPort.entry : policy)?.[name];
  if (!value) return undefined;
  return { value: value as Block<Name>['value'], path: forPort ? [...path, 'portLevelSettings', forPort.index, name] : [...path, name] };
}
