import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import type { Related } from '../src/analysis/finding.ts';
import { message } from '../src/analysis/message.ts';
import { names } from '../src/analysis/wording.ts';
import type { DestinationRule, LoadBalancerSettings, TrafficPolicy, TrafficPolicy_PortTrafficPolicy } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import { isMap } from '../src/model/untyped.ts';
import { policiesOf, portBlocks, portEntry, type WrittenPolicy } from '../src/translate/traffic-policy.ts';

interface Dropped {
  /** `port 8080`, `subset v1`. */
  where: string;
  /** What does not apply there, though it is written further out. */
  lost: readonly string[];
  /** The part that takes its place; absent where settings of a port do. */
  by?: string;
}

const WFT1025 = message<Dropped>({
  name: 'PolicyDropped',
  level: 'Warning',
  summary: 'settings of a traffic policy do not apply to a port or a subset, because what it says itself takes the place of all of them',
  text: ({ where, lost, by }) =>
    by === undefined
      ? `${names(lost, ' and ')} of this rule ${lost.length === 1 ? 'does' : 'do'} not apply to ${where}: the settings of a port stand alone`
      : `${where} takes over nothing of the host's ${by}: ${names(lost, ', ')} ${lost.length === 1 ? 'does' : 'do'} not apply to it`,
  help: ({ lost }) => `repeat ${lost.length === 1 ? 'it' : 'them'} here, if ${lost.length === 1 ? 'it is' : 'they are'} wanted here, too`,
  effect: ({ where, lost, by }) =>
    `${where} has ${by === undefined ? lost.map((name) => defaults[name as AnyBlock]).join(', ') : 'the defaults of these settings'}`,
});

/** What a cluster has where a policy does not say something. */
const defaults = {
  connectionPool: 'no limits of connections and requests',
  loadBalancer: 'LEAST_REQUEST load balancing',
  outlierDetection: 'no outlier detection',
  tls: 'automatic mTLS',
  retryBudget: 'no retry budget',
  tunnel: 'no tunnel',
  proxyProtocol: 'no PROXY protocol',
};
type AnyBlock = keyof typeof defaults;
const allBlocks = Object.keys(defaults) as AnyBlock[];

interface Source {
  settings: TrafficPolicy | TrafficPolicy_PortTrafficPolicy;
  path: Path;
  /** What of it the settings of a port take the place of. */
  loses: readonly AnyBlock[];
}

/** DR-R10 to DR-R12: settings of a port stand alone, and a part of a subset's policy replaces the host's as a whole. */
export default defineAnalyzer({
  name: 'weft.DroppedPolicyAnalyzer',
  summary: 'settings of ports and subsets repeat what they take the place of',
  reads: ['DestinationRule'],
  preset: 'recommended',
  messages: { WFT1025 },
  check({ mesh, report }) {
    for (const rule of mesh.list('DestinationRule')) {
      for (const written of policiesOf(rule.spec)) {
        for (const { path, data, related } of [...ports(rule.spec, written), ...blocks(rule.spec, written)]) {
          report('WFT1025', rule, path, data, { related: related.map((at): Related => ({ resource: rule, path: at, text: 'does not apply there' })) });
        }
      }
    }
  },
});

interface Loss {
  path: Path;
  data: Dropped;
  related: Path[];
}

/** What the settings of a port leave out of the policies around them. */
function ports(rule: DestinationRule, { policy, path, subset }: WrittenPolicy): Loss[] {
  return (policy.portLevelSettings ?? []).flatMap((entry, i): Loss[] => {
    const number = entry?.port?.number ?? 0;
    // Of two entries for a port the first one counts.
    if (!entry || number === 0 || portEntry(policy, number)?.index !== i) return [];
    const around: Source[] = [{ settings: policy, path, loses: allBlocks }];
    if (subset !== undefined && rule.trafficPolicy) around.push(ofHost(rule.trafficPolicy, number));
    const lost = allBlocks.flatMap((name) => {
      if (name in entry) return [];
      const source = around.find(({ settings, loses }) => loses.includes(name) && says(settings, name));
      return source ? [{ name, path: [...source.path, name] }] : [];
    });
    if (lost.length === 0) return [];
    const where = `port ${number}${subset === undefined ? '' : ` of ${subsetName(rule, subset)}`}`;
    return [{ path: [...path, 'portLevelSettings', i], data: { where, lost: lost.map((l) => l.name) }, related: lost.map((l) => l.path) }];
  });
}

/** A tunnel and the PROXY protocol of the host stay, whatever a subset says of the port. */
function ofHost(policy: TrafficPolicy, port: number): Source {
  const forPort = portEntry(policy, port);
  const path = ['spec', 'trafficPolicy'];
  return { settings: forPort?.entry ?? policy, path: forPort ? [...path, 'portLevelSettings', forPort.index] : path, loses: portBlocks };
}

/** Whether a policy says something other than what is the default anyway. */
function says(settings: TrafficPolicy | TrafficPolicy_PortTrafficPolicy, name: AnyBlock): boolean {
  const value = (settings as TrafficPolicy)[name];
  if (!value) return false;
  return name !== 'loadBalancer' || !isDefault(value as LoadBalancerSettings);
}

function isDefault({ simple = 'UNSPECIFIED', ...rest }: LoadBalancerSettings): boolean {
  return Object.keys(rest).length === 0 && ['UNSPECIFIED', 'LEAST_CONN', 'LEAST_REQUEST'].includes(simple);
}

/** What a subset's own connection pool, outlier detection or load balancing leaves out of the host's. */
function blocks(rule: DestinationRule, { policy, path, subset }: WrittenPolicy): Loss[] {
  const host = rule.trafficPolicy;
  if (subset === undefined || !host) return [];
  return (['connectionPool', 'outlierDetection', 'loadBalancer'] as const).flatMap((name): Loss[] => {
    const [own, base] = [policy[name], host[name]];
    if (!own || !base) return [];
    const lost = leaves(base, []).filter((leaf) => !isSet(own, leaf) && (name !== 'loadBalancer' || besideAlgorithm.has(leaf[0] as string)));
    if (lost.length === 0) return [];
    return [
      {
        path: [...path, name],
        data: { where: subsetName(rule, subset), lost: lost.map((leaf) => leaf.join('.')), by: name },
        related: lost.map((leaf) => ['spec', 'trafficPolicy', name, ...leaf]),
      },
    ];
  });
}

/** Another algorithm is what a subset sets its own load balancing for; these go with any. */
const besideAlgorithm: ReadonlySet<string> = new Set(['localityLbSetting', 'warmup', 'warmupDurationSecs']);

function subsetName({ subsets = [] }: DestinationRule, index: number): string {
  return `subset ${subsets[index]?.name ?? index + 1}`;
}

/** Paths of the values in a map of maps. */
function leaves(value: object, path: string[]): string[][] {
  return Object.entries(value).flatMap(([key, item]) => (isMap(item) && Object.keys(item).length > 0 ? leaves(item, [...path, key]) : [[...path, key]]));
}

function isSet(value: unknown, path: readonly string[]): boolean {
  let at = value;
  for (const key of path) {
    if (!isMap(at) || !(key in at)) return false;
    at = at[key];
  }
  return true;
}
