import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0101 } from '../src/analysis/catalogue/references.ts';
import { IST0112, IST0140 } from '../src/analysis/catalogue/routes.ts';
import { unknownHost } from '../src/analysis/unknown-host.ts';
import type { VirtualService } from '../src/manifest/istio/networking.gen.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { type HostEntry, toFqdn } from '../src/model/hosts.ts';
import { effectOfMissingCluster, type RouteTarget, targetsOf } from '../src/translate/destinations.ts';

const messages = { IST0101, IST0112, IST0140 };
type Own = Context<typeof messages>;

/** spec/analyze/messages.md, virtualservice.DestinationHost */
export default defineAnalyzer({
  name: 'virtualservice.DestinationHostAnalyzer',
  summary: 'hosts and ports that virtual services route to exist',
  reads: ['VirtualService', 'Service', 'ServiceEntry'],
  preset: 'reference',
  messages,
  check(context) {
    const services = context.mesh.list('VirtualService');
    const withSubsets = routesToSubsets(services);
    for (const service of services) {
      for (const target of targetsOf(service.spec)) checkTarget(context, service, target);
      checkGatewayRoutes(context, service, withSubsets);
    }
  },
});

function checkTarget(context: Own, service: Resource<VirtualService>, target: RouteTarget): void {
  const { mesh, preset, report } = context;
  const { destination, path, mirror } = target;
  const { host = '', port } = destination;
  // Validation says that a host is missing, at the same place.
  if (host === '' && preset !== 'reference') return;
  const entry = mesh.hosts.lookup(service.namespace, service.spec.exportTo, host);
  if (entry && (port ? entry.ports.some((p) => p.number === port.number) : entry.ports.length < 2)) return;
  const at = [...path, 'host'];
  const effect = effectOfMissingCluster(target);
  if (!entry) {
    const unknown = unknownHost(context, service.namespace, host, at);
    if (unknown) report('IST0101', service, at, { what: mirror ? 'mirror host' : 'host', name: host, same: sameOf(target, host) }, { ...unknown, effect });
    return;
  }
  const numbers = entry.ports.map((p) => p.number);
  const related = [{ resource: entry.resource, path: ['spec', 'ports'], text: `the ports of ${entry.host}` }];
  if (!port) {
    if (needsPort(entry, preset === 'reference')) report('IST0112', service, at, { host, ports: numbers, same: sameOf(target, host) }, { related });
  } else if (!numbers.includes(port.number ?? 0)) {
    const help = numbers.length === 0 ? `${entry.host} has no ports` : `${entry.host} has: ${numbers.join(', ')}`;
    const data = { what: 'port', name: String(port.number ?? 0), of: `host "${host}"` };
    report('IST0101', service, at, { ...data, same: sameOf(target, `${host}:${port.number}`) }, { help, related, effect });
  }
}

/** The reference has no lines in `mirrors`. */
function sameOf({ path }: RouteTarget, name: string): string | undefined {
  return path.includes('mirrors') ? `in mirrors: ${name}` : undefined;
}

/** The reference counts ports, also those that differ in their protocol only (53 over TCP and UDP). */
function needsPort(entry: HostEntry, asReference: boolean): boolean {
  return asReference ? entry.ports.length > 1 : new Set(entry.ports.map((p) => p.number)).size > 1;
}

interface SubsetRoute {
  service: Resource<VirtualService>;
  path: RouteTarget['path'];
}

/** Virtual services that route a host of their own to one of its subsets, by that host. */
function routesToSubsets(services: readonly Resource<VirtualService>[]): Map<string, SubsetRoute[]> {
  const found = new Map<string, SubsetRoute[]>();
  for (const service of services) {
    const own = new Set(service.spec.hosts);
    for (const { destination, path, mirror, rule } of targetsOf(service.spec)) {
      const { host = '', subset = '' } = destination;
      if (rule !== 'http' || mirror || subset === '' || !own.has(host)) continue;
      own.delete(host);
      const routes = found.get(host);
      if (routes) routes.push({ service, path });
      else found.set(host, [{ service, path }]);
    }
  }
  return found;
}

/** IST0140; the reference compares hosts as they are written and takes any entry of `gateways` for a gateway. */
function checkGatewayRoutes(context: Own, service: Resource<VirtualService>, withSubsets: ReadonlyMap<string, SubsetRoute[]>): void {
  const { preset, report } = context;
  const { gateways = [] } = service.spec;
  const asReference = preset === 'reference';
  if (gateways.length === 0 || (!asReference && gateways.includes('mesh'))) return;
  for (const { destination, path, mirror, rule } of targetsOf(service.spec)) {
    const { host = '', subset = '' } = destination;
    if (rule !== 'http' || mirror || subset !== '') continue;
    for (const route of withSubsets.get(host) ?? []) {
      const from = route.service;
      if (!asReference && (!isForSidecars(from) || toFqdn(from.namespace, host) !== toFqdn(service.namespace, host))) continue;
      report(
        'IST0140',
        service,
        [...path, 'host'],
        { from: from.fullName, virtualService: service.fullName, same: from.fullName },
        { related: [{ resource: from, path: [...route.path, 'subset'], text: `${from.fullName} routes to a subset of ${host} here` }] },
      );
    }
  }
}

function isForSidecars({ spec: { gateways = [] } }: Resource<VirtualService>): boolean {
  return gateways.length === 0 || gateways.includes('mesh');
}
