import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0109 } from '../src/analysis/catalogue/routes.ts';
import type { Related } from '../src/analysis/finding.ts';
import type { VirtualService } from '../src/manifest/istio/networking.gen.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { OverlapIndex } from '../src/model/host-overlap.ts';
import { hostsOverlap, toFqdn } from '../src/model/hosts.ts';

type Service = Resource<VirtualService>;

/** A host as the namespaces of one scope see it: `*` is every namespace. */
interface ScopedHost {
  scope: string;
  host: string;
  services: Set<Service>;
  /** How often the services name it: by its short name and its whole one, for instance. */
  times: number;
}

interface Conflict {
  scoped: ScopedHost;
  services: readonly Service[];
  names: readonly string[];
}

/** spec/analyze/messages.md, virtualservice.ConflictingMeshGatewayHosts */
export default defineAnalyzer({
  name: 'virtualservice.ConflictingMeshGatewayHostsAnalyzer',
  summary: 'no two virtual services route the same host for sidecars',
  reads: ['VirtualService'],
  preset: 'reference',
  messages: { IST0109 },
  check({ mesh, preset, report }) {
    const defaultScopes = (preset === 'reference' ? undefined : mesh.meshConfig.defaultVirtualServiceExportTo) ?? ['*'];
    const conflicts = findConflicts(mesh.list('VirtualService'), defaultScopes, preset === 'reference');
    for (const [service, { scoped, services, names }] of conflicts) {
      report(
        'IST0109',
        service,
        ['metadata', 'name'],
        { virtualServices: names, host: `${scoped.scope}/${scoped.host}` },
        { related: services.slice(0, 10).map((s) => placeOfHost(s, scoped.host)) },
      );
    }
  },
});

/**
 * The first conflict of each virtual service: the reference reports each of them once. It takes one that names a host twice for
 * two of them.
 */
function findConflicts(services: readonly Service[], defaultScopes: readonly string[], asReference: boolean): Map<Service, Conflict> {
  const byKey = new Map<string, ScopedHost>();
  const everywhere = new OverlapIndex<ScopedHost>();
  for (const service of services) {
    const { gateways = [], hosts = [], exportTo = [] } = service.spec;
    if (gateways.length > 0 && !gateways.includes('mesh')) continue;
    for (const host of hosts) {
      for (const scope of scopesOf(exportTo.length > 0 ? exportTo : defaultScopes, service.namespace)) {
        const fqdn = toFqdn(service.namespace, host);
        const key = `${scope}/${fqdn}`;
        const known = byKey.get(key);
        if (known) {
          known.services.add(service);
          known.times++;
        } else {
          const scoped = { scope, host: fqdn, services: new Set([service]), times: 1 };
          byKey.set(key, scoped);
          if (scope === '*') everywhere.add(fqdn, scoped);
        }
      }
    }
  }
  const conflicts = new Map<Service, Conflict>();
  for (const scoped of byKey.values()) {
    const all = new Set(scoped.services);
    if (scoped.scope !== '*') for (const other of everywhere.overlapping(scoped.host)) for (const service of other.services) all.add(service);
    if (all.size < 2 && !(asReference && scoped.times > 1)) continue;
    const conflict = { scoped, services: [...all], names: [...all].map((s) => s.fullName).sort() };
    for (const service of all) if (!conflicts.has(service)) conflicts.set(service, conflict);
  }
  return conflicts;
}

function scopesOf(exportTo: readonly string[], namespace: string): Iterable<string> {
  if (exportTo.includes('*')) return ['*'];
  return new Set(exportTo.map((to) => (to === '.' ? namespace : to)));
}

function placeOfHost(service: Service, host: string): Related {
  const index = (service.spec.hosts ?? []).findIndex((h) => hostsOverlap(toFqdn(service.namespace, h), host));
  return { resource: service, path: ['spec', 'hosts', Math.max(index, 0)], text: `${service.fullName} routes ${host}` };
}
