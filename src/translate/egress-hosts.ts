import { hostsOverlap, toFqdn } from '../model/hosts.ts';

interface Hosts {
  exact: Set<string>;
  wild: string[];
}

/** `egress.hosts` of a Sidecar: `namespace/host` each (SEL-R31). */
export class EgressHosts {
  private readonly byNamespace = new Map<string, Hosts>();

  /** @param own namespace that `.` stands for */
  constructor(entries: readonly (string | null)[], own: string) {
    for (const entry of entries) {
      const slash = entry?.indexOf('/') ?? -1;
      if (!entry || slash < 0) continue;
      const namespace = entry.slice(0, slash) === '.' ? own : entry.slice(0, slash);
      const host = entry.slice(slash + 1).toLowerCase();
      const hosts = this.byNamespace.get(namespace) ?? { exact: new Set(), wild: [] };
      this.byNamespace.set(namespace, hosts);
      if (host.startsWith('*')) hosts.wild.push(host);
      else hosts.exact.add(host.includes('.') ? host : toFqdn(namespace, host)).add(host);
    }
  }

  /** Services are imported where an entry covers their host (SEL-R6). */
  covers(namespace: string, host: string): boolean {
    return this.of(namespace).some(({ exact, wild }) => exact.has(host) || wild.some((pattern) => isSubset(host, pattern)));
  }

  /** Virtual services are imported where an entry and one of their hosts have a name in common (SEL-R14). */
  overlaps(namespace: string, hosts: readonly string[]): boolean {
    return this.of(namespace).some(({ exact, wild }) => hosts.some((host) => exact.has(host) || wild.some((pattern) => hostsOverlap(pattern, host))));
  }

  private of(namespace: string): Hosts[] {
    return [namespace, '*'].flatMap((key) => this.byNamespace.get(key) ?? []);
  }
}

/** Whether every name under a host is under the other, too. */
export function isSubset(host: string, of: string): boolean {
  if (!of.startsWith('*')) return host === of;
  const suffix = of.slice(1);
  return host.startsWith('*') ? host.slice(1).endsWith(suffix) : host.endsWith(suffix);
}
