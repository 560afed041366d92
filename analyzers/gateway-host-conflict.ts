import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import type { Related } from '../src/analysis/finding.ts';
import { message } from '../src/analysis/message.ts';
import { matchName, matchPath } from '../src/analysis/route-names.ts';
import { names } from '../src/analysis/wording.ts';
import { coverageOf } from '../src/ir/witness.ts';
import type { VirtualService } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import { matchesRegex } from '../src/manifest/re2.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { ageIsKnown, byCreation } from '../src/model/creation.ts';
import { resolveGatewayName } from '../src/model/gateway-names.ts';
import { serversTaking } from '../src/model/gateway-servers.ts';
import { toFqdn } from '../src/model/hosts.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { scopesOf } from '../src/model/visibility.ts';
import { type GatewayMatch, matchesAtGateway } from '../src/translate/gateway-routes.ts';

type Service = Resource<VirtualService>;

const WFT1009 = message<{ what: string }>({
  name: 'GatewayHostConflict',
  level: 'Warning',
  summary: 'several virtual services route one host at one gateway, and rules of one hide those of another',
  text: ({ what }) => what,
  aliases: ['KIA1106'],
});

const messages = { WFT1009 };
type Own = Context<typeof messages>;

/** Virtual services whose rules a gateway tries as one list, for the same hosts. */
interface Group {
  /** `namespace/name`; at each of them the same rules meet. */
  gateways: Set<string>;
  services: Service[];
  hosts: Set<string>;
}

/** SEL-R80: at a gateway the rules for one host are merged, older virtual services first, and what takes every request last. */
export default defineAnalyzer({
  name: 'weft.GatewayHostConflictAnalyzer',
  summary: 'virtual services for one host of a gateway do not hide rules of each other',
  reads: ['VirtualService', 'Gateway'],
  preset: 'recommended',
  messages,
  check(context) {
    for (const group of groupsOf(context.mesh)) checkGroup(context, group);
  },
});

function groupsOf(mesh: Mesh): Group[] {
  const byHost = new Map<string, Group>();
  for (const service of mesh.list('VirtualService').toSorted(byCreation)) {
    const { gateways = [], hosts = [], exportTo, http } = service.spec;
    if (!http?.length) continue;
    const scopes = [...scopesOf(exportTo, service.namespace, mesh.meshConfig.defaultVirtualServiceExportTo)].sort().join(',');
    for (const gateway of new Set(gateways.map((name) => resolveGatewayName(service.namespace, name)))) {
      if (gateway === 'mesh') continue;
      for (const host of new Set(hosts.map((h) => fullHost(service, h)))) {
        const point = meetingPoint(mesh, gateway, host, service.namespace);
        if (point === undefined) continue;
        const key = [gateway, host, scopes, point].join('\n');
        const group = byHost.get(key);
        if (group) group.services.push(service);
        else byHost.set(key, { gateways: new Set([gateway]), services: [service], hosts: new Set([host]) });
      }
    }
  }
  const several = [...byHost.values()].filter(({ services }) => services.length > 1);
  const members = namesOfLists(several.map(({ services }) => services));
  const ofGateway = join(several, ({ gateways, services }) => `${[...gateways].join(' ')} ${members.get(services)}`);
  // A match that is for some gateways only makes other rules at each of them.
  return join(
    ofGateway,
    ({ gateways, services, hosts }) => `${areSameEverywhere(services) ? '' : [...gateways].join(' ')} ${members.get(services)} ${[...hosts].join(' ')}`,
  );
}

/** Groups with one key become one, for the hosts and gateways of all. */
function join(groups: readonly Group[], keyOf: (group: Group) => string): Group[] {
  const joined = new Map<string, Group>();
  for (const group of groups) {
    const key = keyOf(group);
    const same = joined.get(key);
    for (const host of group.hosts) same?.hosts.add(host);
    for (const gateway of group.gateways) same?.gateways.add(gateway);
    if (!same) joined.set(key, group);
  }
  return [...joined.values()];
}

/** A short text for each list, the same for lists of the same virtual services. */
function namesOfLists(lists: readonly Service[][]): Map<Service[], string> {
  const ids = new Map<Service, number>();
  for (const service of lists.flat()) if (!ids.has(service)) ids.set(service, ids.size);
  return new Map(lists.map((list) => [list, list.map((service) => ids.get(service)).join(' ')]));
}

function areSameEverywhere(services: readonly Service[]): boolean {
  return !services.some(({ spec }) => spec.http?.some((rule) => rule?.match?.some((m) => m?.gateways?.length)));
}

/** The same for two namespaces whose rules meet at the same servers; undefined when no server takes the host. */
function meetingPoint(mesh: Mesh, gateway: string, host: string, namespace: string): string | undefined {
  const [inNamespace, name] = gateway.split('/', 2) as [string, string];
  const found = mesh.find('Gateway', inNamespace, name);
  // Of a gateway that is not in the input nobody knows which namespaces it takes hosts from.
  if (!found) return namespace;
  return serversTaking(mesh, found, host, namespace).join(' ') || undefined;
}

function checkGroup(context: Own, group: Group): void {
  const { services, gateways, hosts } = group;
  const gateway = [...gateways][0] as string;
  const hidden = hiddenAt(services, gateway);
  for (const one of hidden) reportHidden(context, group, one);
  if (hidden.length > 0) return;
  const last = services.at(-1) as Service;
  const others = services.slice(0, -1);
  const known = services.every((service, i) => i === 0 || ageIsKnown(services[i - 1] as Service, service));
  const [example] = known ? [] : hiddenAt(services.toReversed(), gateway);
  const depends = example && `; if ${last.fullName} is the older one, ${placeName(example.service, example.place)} is never reached`;
  const what = `${placeOf(group)} ${hosts.size === 1 ? 'is' : 'are'} routed by ${names(
    others.map((s) => s.fullName),
    ', ',
  )}, too: their rules are one list, those of the oldest first${depends ?? ''}`;
  context.report(
    'WFT1009',
    last,
    hostPath(last, hosts),
    { what },
    {
      level: 'Info',
      help: 'put the rules for a host of a gateway into one virtual service, so that their order is written down',
      effect: depends === undefined ? undefined : 'the same files, applied in another order, route otherwise',
      related: others.slice(0, 10).map((s): Related => ({ resource: s, path: hostPath(s, hosts), text: `${s.fullName} routes it` })),
    },
  );
}

interface Hidden {
  service: Service;
  /** A match, or a whole rule. */
  place: { rule: number; match: number | undefined };
  by: GatewayMatch[];
}

/** More matches than this are only looked through for the same one twice. */
const mostSearched = 200;

/** What is never reached because of other virtual services; what one's own rules hide is not said here. */
function hiddenAt(services: readonly Service[], gateway: string): Hidden[] {
  const all = matchesAtGateway(services, gateway);
  const earlier: GatewayMatch[] = [];
  const same = new Map<string, GatewayMatch>();
  const byRule = new Map<string, { matches: number; hidden: Hidden[] }>();
  for (const found of all) {
    const { service, match, route } = found;
    const text = JSON.stringify(route);
    const by = all.length > mostSearched ? [same.get(text)].filter((m) => m !== undefined) : coverage(found, earlier);
    const key = `${service.fullName} ${match.rule}`;
    const rule = byRule.get(key) ?? { matches: 0, hidden: [] };
    byRule.set(key, rule);
    rule.matches++;
    if (by.some((b) => b.service !== service)) rule.hidden.push({ service, place: match, by });
    earlier.push(found);
    if (!same.has(text)) same.set(text, found);
  }
  // A rule of which no match is reached is one finding, not one for each match.
  return [...byRule.values()].flatMap(({ matches, hidden }) =>
    hidden.length === matches
      ? hidden.slice(0, 1).map((h) => ({ ...h, place: { rule: h.place.rule, match: undefined }, by: hidden.flatMap((other) => other.by) }))
      : hidden,
  );
}

function coverage(match: GatewayMatch, earlier: readonly GatewayMatch[]): GatewayMatch[] {
  const found = coverageOf(
    match.route,
    earlier.map((e) => e.route),
    { gateways: ['mesh'], regex: matchesRegex },
  );
  return found.covered ? found.by.map((i) => earlier[i] as GatewayMatch) : [];
}

function reportHidden({ report }: Own, group: Group, { service, place, by }: Hidden): void {
  const first = (by.find((b) => b.service !== service) as GatewayMatch).service;
  const takers = [...new Set(by)];
  const list = names(
    takers.map((b) => (b.service === service ? matchName(service, b.match) : placeName(b.service, b.match))),
    ' with ',
  );
  const when = ageIsKnown(first, service) ? `and ${first.fullName} is older` : `if ${first.fullName} is the older one, or both are created at once`;
  const what = `${matchName(service, place)} is never reached for ${placeOf(group)}: ${list} ${takers.length === 1 ? 'takes' : 'take'} every request that it matches, ${when}`;
  report(
    'WFT1009',
    service,
    matchPath(place),
    { what },
    {
      help: 'put the rules for a host of a gateway into one virtual service, and give each request to one of them',
      effect: `its requests get what ${first.fullName} says`,
      related: takers.slice(0, 10).map((b): Related => ({ resource: b.service, path: matchPath(b.match), text: 'takes its requests' })),
    },
  );
}

function placeName(service: Service, place: Hidden['place']): string {
  return `${matchName(service, place)} of ${service.fullName}`;
}

/** `a.example at gateway shop/edge` */
function placeOf({ hosts, gateways }: Group): string {
  return `${names([...hosts], ', ')} at ${gateways.size === 1 ? 'gateway' : 'gateways'} ${names([...gateways], ', ')}`;
}

/** SEL-R1, SEL-R4 */
function fullHost({ namespace }: Service, host: string): string {
  return toFqdn(namespace, host).toLowerCase();
}

function hostPath(service: Service, wanted: ReadonlySet<string>): Path {
  const index = (service.spec.hosts ?? []).findIndex((host) => wanted.has(fullHost(service, host)));
  return ['spec', 'hosts', Math.max(0, index)];
}
