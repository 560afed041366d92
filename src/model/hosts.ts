import type { ServiceEntry } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import type { Service } from './kubernetes.ts';
import { items } from './untyped.ts';

/** Domain of the cluster's services. The reference knows no other. */
export const clusterDomain = 'svc.cluster.local';

/**
 * `reviews` in namespace `shop` is `reviews.shop.svc.cluster.local`; what has a dot or begins with `*` stays
 * (spec/analyze/messages.md, "Host helpers").
 */
export function toFqdn(namespace: string, host: string): string {
  if (host.startsWith('*') || host.includes('.')) return host;
  return `${host}.${namespace}.${clusterDomain}`;
}

/** Name and namespace of a cluster-local name; any other host is a name in the namespace given. */
export function parseFqdn(namespace: string, host: string): { name: string; namespace: string } {
  const match = /^(.+)\.(.+)\.svc\.cluster\.local$/.exec(toFqdn(namespace, host));
  return match ? { name: match[1] as string, namespace: match[2] as string } : { name: host, namespace };
}

/** Whether two hosts, each possibly with a leading `*`, have a name in common. */
export function hostsOverlap(a: string, b: string): boolean {
  const wildA = a.startsWith('*');
  const wildB = b.startsWith('*');
  if (!wildA && !wildB) return a === b;
  if (wildA && wildB) return a.length < b.length ? b.endsWith(a.slice(1)) : a.endsWith(b.slice(1));
  return wildA ? b.endsWith(a.slice(1)) : a.endsWith(b.slice(1));
}

export interface HostPort {
  number: number;
  name: string;
  /** L4 or declared protocol. */
  protocol: string;
}

/** A host of a Service or a ServiceEntry, in one scope. */
export interface HostEntry {
  host: string;
  /** `*`: every namespace may see it; else one namespace. */
  scope: string;
  ports: HostPort[];
  resource: Resource;
  /** Labels that select the host's workloads: of a ServiceEntry its workloadSelector, of a Service its selector. */
  selector: Readonly<Record<string, string>> | undefined;
}

export class HostIndex {
  private readonly entries = new Map<string, HostEntry>();
  /** Hosts that begin with `*`, by what follows it. */
  private readonly wildcards = new Map<string, HostEntry[]>();

  constructor(services: readonly Service[] = [], serviceEntries: readonly Resource<ServiceEntry>[] = []) {
    for (const entry of serviceEntries) this.addServiceEntry(entry);
    for (const service of services) this.addService(service);
    for (const entry of this.entries.values()) {
      if (!entry.host.startsWith('*')) continue;
      const suffix = entry.host.slice(1);
      const list = this.wildcards.get(suffix);
      if (list) list.push(entry);
      else this.wildcards.set(suffix, [entry]);
    }
  }

  private addServiceEntry(resource: Resource<ServiceEntry>): void {
    const { hosts = [], exportTo = [], ports = [], workloadSelector } = resource.spec;
    const scopes = exportTo.length === 0 || exportTo.includes('*') ? ['*'] : exportTo.map((e) => (e === '.' ? resource.namespace : e));
    const list = ports.filter(Boolean).map((p) => ({ number: p.number ?? 0, name: p.name ?? '', protocol: p.protocol ?? '' }));
    for (const host of hosts) {
      for (const scope of scopes) this.add({ host: toFqdn(resource.namespace, host), scope, ports: list, resource, selector: workloadSelector?.labels });
    }
  }

  private addService(resource: Service): void {
    const written = resource.annotations['networking.istio.io/exportTo'];
    const scopes = (written ?? '*')
      .split(',')
      .map((s) => s.trim())
      .map((s) => (s === '' ? '*' : s === '.' ? resource.namespace : s));
    const ports = items(resource.spec.ports).map((p) => ({ number: p.port, name: p.name ?? '', protocol: p.protocol ?? 'TCP' }));
    for (const scope of scopes) {
      this.add({ host: toFqdn(resource.namespace, resource.name), scope, ports, resource, selector: resource.spec.selector });
    }
  }

  private add(entry: HostEntry): void {
    this.entries.set(`${entry.scope}/${entry.host}`, entry);
  }

  get size(): number {
    return this.entries.size;
  }

  /** Every host in every scope. */
  all(): IterableIterator<HostEntry> {
    return this.entries.values();
  }

  /**
   * The host as a resource in `namespace` with this exportTo sees it: exact and public first, then exact in its own namespace (or
   * in each namespace that it is exported to), then by wildcard, the longest first. Wildcards are compared with the host as it is
   * written: a short name is no name under `*.local`.
   */
  lookup(namespace: string, exportTo: readonly string[] | undefined, host: string): HostEntry | undefined {
    const fqdn = toFqdn(namespace, host);
    const open = this.entries.get(`*/${fqdn}`);
    if (open) return open;
    for (const to of exportTo?.length ? exportTo : [namespace]) {
      const found = this.entries.get(`${to === '.' ? namespace : to}/${fqdn}`);
      if (found) return found;
    }
    if (this.wildcards.size === 0) return undefined;
    const bare = host.startsWith('*') ? host.slice(1) : host;
    for (let start = 0; start <= bare.length; start++) {
      const found = this.wildcards.get(bare.slice(start))?.find((entry) => entry.scope === '*' || entry.scope === namespace);
      if (found) return found;
    }
    return undefined;
  }
}
