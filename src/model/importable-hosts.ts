import type { Resource } from '../manifest/resource.ts';
import { OverlapIndex } from './host-overlap.ts';
import { toFqdn } from './hosts.ts';
import type { Mesh } from './mesh.ts';
import { pushTo } from './push-to.ts';
import { type Scopes, scopesOf } from './visibility.ts';

/** A host of a Service or a ServiceEntry. */
export interface ImportableHost {
  host: string;
  namespace: string;
  /** Namespaces that see it. */
  scopes: Scopes;
  resource: Resource;
}

const everywhere = '*';

/** What the egress hosts of a Sidecar can import, by namespace; `*` stands for all namespaces (SEL-R6, SEL-R14, SEL-R31). */
export class ImportableHosts {
  private readonly byHost = new Map<string, ImportableHost[]>();
  private readonly hosts = new Map<string, OverlapIndex<true>>();
  private readonly routed = new Map<string, OverlapIndex<true>>();
  private readonly names = new Map<string, string[]>();

  static of(mesh: Mesh): ImportableHosts {
    return mesh.memo('importable hosts', ['Service', 'ServiceEntry', 'VirtualService', 'MeshConfig'], () => new ImportableHosts(mesh));
  }

  private constructor(mesh: Mesh) {
    const defaults = mesh.meshConfig.defaultServiceExportTo;
    for (const service of mesh.list('Service')) {
      const { namespace, name, annotations } = service;
      const written = annotations['networking.istio.io/exportTo']?.split(',').flatMap((part) => part.trim() || []);
      this.add({ host: toFqdn(namespace, name), namespace, scopes: scopesOf(written, namespace, defaults), resource: service });
    }
    for (const entry of mesh.list('ServiceEntry')) {
      const { namespace, spec } = entry;
      for (const host of spec.hosts ?? []) this.add({ host, namespace, scopes: scopesOf(spec.exportTo, namespace, defaults), resource: entry });
    }
    // Where one of several is named, it is the same one in any order of the input.
    for (const list of this.byHost.values()) if (list.length > 1) list.sort((a, b) => (a.resource.friendlyName < b.resource.friendlyName ? -1 : 1));
    for (const { namespace, spec } of mesh.list('VirtualService')) {
      for (const host of spec.hosts ?? []) index(this.routed, namespace, toFqdn(namespace, host));
    }
  }

  private add(found: ImportableHost): void {
    pushTo(this.byHost, found.host, found);
    pushTo(this.names, found.namespace, found.host);
    pushTo(this.names, everywhere, found.host);
    index(this.hosts, found.namespace, found.host);
  }

  /** Hosts of exactly this name, of any namespace. */
  named(host: string): readonly ImportableHost[] {
    return this.byHost.get(host) ?? [];
  }

  /** Whether a wildcard has any host under it, or over it. */
  overlaps(namespace: string, wildcard: string): boolean {
    return this.hosts.get(namespace)?.overlaps(wildcard) === true;
  }

  /** Whether a virtual service of the namespace is for the host: it is imported, too, with the services that it routes to. */
  isRouted(namespace: string, host: string): boolean {
    return this.routed.get(namespace)?.overlaps(host) === true;
  }

  /** The longest wildcard host that covers a name. */
  covering(namespace: string, host: string): ImportableHost | undefined {
    for (let start = 1; start < host.length; start++) {
      const found = this.named(`*${host.slice(start)}`).find((entry) => namespace === everywhere || entry.namespace === namespace);
      if (found) return found;
    }
    return undefined;
  }

  /** All hosts of a namespace. */
  namesIn(namespace: string): readonly string[] {
    return this.names.get(namespace) ?? [];
  }
}

function index(map: Map<string, OverlapIndex<true>>, namespace: string, host: string): void {
  for (const key of [namespace, everywhere]) {
    const hosts = map.get(key) ?? new OverlapIndex<true>();
    map.set(key, hosts);
    hosts.add(host, true);
  }
}
