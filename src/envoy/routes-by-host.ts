// One route configuration for all ports, for requests that tell by their Host header alone where they are for: the port in it, else 80,
// else the first port on which somebody has the host. What no service takes is for the virtual host that takes everything.
import { clientNames } from '../ir/outbound-listener.ts';

/** A virtual host, of the routing table or of Envoy. */
export interface DomainHost {
  name: string;
  /** Lower case, without a port: exact, `*.suffix`, `prefix.*`, `*`. */
  domains: readonly string[];
}

/** The virtual hosts of a port by what they are asked for; the one for everything else apart. */
interface PortHosts<H> {
  find(domain: string): H | undefined;
  named: readonly H[];
  rest: H | undefined;
}

/**
 * Merges the configurations of ports (`8080`) and of services (`cart.shop.svc.cluster.local:8080`).
 *
 * @param namespace of the proxy, for names of services as its clients say them
 * @param first virtual hosts that come before all others
 * @param last takes what no port has a virtual host for
 * @returns virtual hosts with names of their own, whose domains have ports where these matter
 */
export function routesByHost<H extends DomainHost>(
  configs: readonly { name: string; virtualHosts: readonly H[] }[],
  { namespace, first, last }: { namespace: string; first: readonly H[]; last: H },
): H[] {
  const byPort = new Map<number, PortHosts<H>>();
  const byService = new Map<number, Map<string, H>>();
  for (const config of configs) {
    const colon = config.name.lastIndexOf(':');
    const port = Number(config.name.slice(colon + 1));
    if (!Number.isInteger(port) || port <= 0) continue;
    if (colon < 0) byPort.set(port, portHosts(config.virtualHosts));
    else {
      const services = byService.get(port) ?? new Map<string, H>();
      byService.set(port, services);
      const { find, rest } = portHosts(config.virtualHosts);
      for (const domain of clientNames(config.name.slice(0, colon), namespace)) {
        const host = find(domain) ?? rest;
        if (host && !services.has(domain)) services.set(domain, host);
      }
    }
  }
  const at = (port: number, domain: string): H | undefined => byPort.get(port)?.find(domain) ?? byService.get(port)?.get(domain);
  const ports = [...byPort.keys()].sort((a, b) => a - b);
  // A port of its own comes after those that services share.
  const order = [80, ...ports, ...[...byService.keys()].sort((a, b) => a - b)];

  const claims = new Claims<H>();
  for (const host of first) for (const domain of host.domains) claims.add(domain, host);
  const domains = new Set<string>();
  for (const port of ports) {
    for (const host of byPort.get(port)?.named ?? []) {
      for (const domain of host.domains) {
        domains.add(domain);
        // `cart.*` takes every port already.
        if (!domain.endsWith('*')) claims.add(`${domain}:${port}`, host);
      }
    }
  }
  for (const [port, services] of byService) {
    for (const domain of services.keys()) {
      domains.add(domain);
      const host = at(port, domain);
      if (host) claims.add(`${domain}:${port}`, host);
    }
  }
  for (const domain of domains) {
    for (const port of order) {
      const host = at(port, domain);
      if (!host) continue;
      claims.add(domain, host);
      break;
    }
  }
  const [lowest = 0] = ports;
  const rest = byPort.get(80)?.rest ?? byPort.get(lowest)?.rest ?? last;
  for (const port of ports) {
    const own = byPort.get(port)?.rest;
    if (own && !alike(own, rest)) claims.add(`*:${port}`, own);
  }
  claims.add('*', rest);
  return claims.hosts();
}

function alike(a: DomainHost, b: DomainHost): boolean {
  return JSON.stringify({ ...a, origin: undefined }) === JSON.stringify({ ...b, origin: undefined });
}

function portHosts<H extends DomainHost>(virtualHosts: readonly H[]): PortHosts<H> {
  const named = virtualHosts.filter(({ domains }) => !domains.includes('*'));
  const exact = new Map<string, H>();
  const wildcards: { starts: string; ends: string; host: H }[] = [];
  for (const host of named) {
    for (const domain of host.domains) {
      if (domain.startsWith('*')) wildcards.push({ starts: '', ends: domain.slice(1), host });
      else if (domain.endsWith('*')) wildcards.push({ starts: domain.slice(0, -1), ends: '', host });
      else if (!exact.has(domain)) exact.set(domain, host);
    }
  }
  // Suffixes before prefixes, the longest first (SEL-R59).
  wildcards.sort((a, b) => b.ends.length - a.ends.length || b.starts.length - a.starts.length);
  // `*.a.b` is asked for as it is: whatever takes it takes all that it stands for.
  const matches = (domain: string, starts: string, ends: string): boolean =>
    domain.length > starts.length + ends.length && domain.startsWith(starts) && domain.endsWith(ends);
  return {
    find: (domain) => exact.get(domain) ?? wildcards.find(({ starts, ends }) => matches(domain, starts, ends))?.host,
    named,
    rest: virtualHosts.find(({ domains }) => domains.includes('*')),
  };
}

/** Which virtual host has a domain; the first that claims it has it. */
class Claims<H extends DomainHost> {
  private readonly claimed = new Set<string>();
  private readonly domains = new Map<H, string[]>();

  add(domain: string, host: H): void {
    if (this.claimed.has(domain)) return;
    this.claimed.add(domain);
    const list = this.domains.get(host) ?? [];
    this.domains.set(host, list);
    list.push(domain);
  }

  /** With names of their own. */
  hosts(): H[] {
    const names = new Set<string>();
    return [...this.domains].map(([host, domains]) => {
      let name = host.name;
      for (let n = 2; names.has(name); n++) name = `${host.name}#${n}`;
      names.add(name);
      return { ...host, name, domains };
    });
  }
}
