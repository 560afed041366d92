import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import type { Related } from '../src/analysis/finding.ts';
import { message } from '../src/analysis/message.ts';
import { matchName, matchPath } from '../src/analysis/route-names.ts';
import { names } from '../src/analysis/wording.ts';
import { coverageOf } from '../src/ir/witness.ts';
import type { VirtualService } from '../src/manifest/istio/networking.gen.ts';
import { matchesRegex } from '../src/manifest/re2.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { ageIsKnown, byCreation } from '../src/model/creation.ts';
import { resolveGatewayName } from '../src/model/gateway-names.ts';
import { serversTaking } from '../src/model/gateway-servers.ts';
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
  gateway: string;
  services: Service[];
  hosts: string[];
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
      for (const host of new Set(hosts.map((h) => h.toLowerCase()))) {
        const key = [gateway, host, scopes, meetingPoint(mesh, gateway, host, service.namespace)].join('\n');
        const group = byHost.get(key);
        if (group) group.services.push(service);
        else byHost.set(key, { gateway, services: [service], hosts: [host] });
      }
    }
  }
  // Virtual services that share several hosts are one group.
  const ids = new Map<Service, number>();
  const idOf = (service: Service): number => ids.get(service) ?? (ids.set(service, ids.size), ids.size - 1);
  const groups = new Map<string, Group>();
  for (const group of byHost.values()) {
    if (group.services.length < 2) continue;
    const key = `${group.gateway} ${group.services.map(idOf).join(' ')}`;
    const same = groups.get(key);
    if (same) same.hosts.push(...group.hosts);
    else groups.set(key, group);
  }
  return [...groups.values()];
}

/** The same for two namespaces whose rules meet at the same servers. */
function meetingPoint(mesh: Mesh, gateway: string, host: string, namespace: string): string {
  const [inNamespace, name] = gateway.split('/', 2) as [string, string];
  const found = mesh.find('Gateway', inNamespace, name);
  const servers = found ? serversTaking(mesh, found, host, namespace) : [];
  // Of a gateway that is not in the input nobody knows which namespaces it takes hosts from.
  return servers.length === 0 ? namespace : servers.join(' ');
}

function checkGroup(context: Own, group: Group): void {
  const { services, gateway, hosts } = group;
  const hidden = hiddenAt(services, gateway);
  for (const one of hidden) reportHidden(context, group, one);
  if (hidden.length > 0) return;
  const last = services.at(-1) as Service;
  const others = services.slice(0, -1);
  const known = services.every((service, i) => i === 0 || ageIsKnown(services[i - 1] as Service, service));
  const [example] = known ? [] : hiddenAt(services.toReversed(), gateway);
  const depends = example && `; if ${last.fullName} is the older one, ${placeName(example.service, example.place)} is never reached`;
  const what = `${names(hosts, ', ')} at gateway ${gateway} ${hosts.length === 1 ? 'is' : 'are'} routed by ${names(others.map((s) => s.fullName), ', ')}, too: their rules are one list, those of the oldest first${depends ?? ''}`;
  context.report('WFT1009', last, hostPath(last, hosts), { what }, {
    level: 'Info',
    help: 'put the rules for a host of a gateway into one virtual service, so that their order is written down',
    effect: depends === undefined ? undefined : 'the same files, applied in another order, route otherwise',
    related: others.slice(0, 10).map((s): Related => ({ resource: s, path: hostPath(s, hosts), text: `${s.fullName} routes it` })),
  });
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
    hidden.length === matches ? hidden.slice(0, 1).map((h) => ({ ...h, place: { rule: h.place.rule, match: undefined }, by: hidden.flatMap((other) => other.by) })) : hidden,
  );
}

function coverage(match: GatewayMatch, earlier: readonly GatewayMatch[]): GatewayMatch[] {
  const found = coverageOf(match.route, earlier.map((e) => e.route), { gateways: ['mesh'], regex: matchesRegex });
  return found.covered ? found.by.map((i) => earlier[i] as GatewayMatch) : [];
}

function reportHidden({ report }: Own, { gateway, hosts }: Group, { service, place, by }: Hidden): void {
  const first = (by.find((b) => b.service !== service) as GatewayMatch).service;
  const takers = [...new Set(by)];
  const list = names(takers.map((b) => (b.service === service ? matchName(service, b.match) : placeName(b.service, b.match))), ' with ');
  const when = ageIsKnown(first, service) ? `and ${first.fullName} is older` : `if ${first.fullName} is the older one, or both are created at once`;
  const what = `${matchName(service, place)} is never reached for ${names(hosts, ', ')} at gateway ${gateway}: ${list} ${takers.length === 1 ? 'takes' : 'take'} every request that it matches, ${when}`;
  report('WFT1009', service, matchPath(place), { what }, {
    help: 'put the rules for a host of a gateway into one virtual service, and give each request to one of them',
    effect: `its requests get what ${first.fullName} says`,
    related: takers.slice(0, 10).map((b): Related => ({ resource: b.service, path: matchPath(b.match), text: 'takes its requests' })),
  });
}

function placeName(service: Service, place: Hidden['place']): string {
  return `${matchName(service, place)} of ${service.fullName}`;
}

function hostPath({ spec: { hosts = [] } }: Service, wanted: readonly string[]): (string | number)[] {
  return ['spec', 'hosts', Math.max(0, hosts.findIndex((h) => wanted.includes(h.toLowerCase())))];
}
