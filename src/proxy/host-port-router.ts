import { clientNames } from '../ir/outbound-listener.ts';
import type { VirtualHost } from '../ir/route.ts';
import { type CompiledVirtualHost, compileRouter, DomainIndex, type Router } from './core/router.ts';

/** What finds the virtual host of a request. */
export interface HostRouter {
  virtualHost(authority: string): CompiledVirtualHost | undefined;
}

interface NamedRouter {
  name: string;
  router: Router;
}

/**
 * Routes requests whose connection was not captured: the Host header tells the port that the client means, as a URL does. Without a
 * port it is 80, or the first port on which somebody has this host. What no service takes is for the catch-all virtual host.
 */
export class HostPortRouter implements HostRouter {
  private readonly byPort = new Map<number, Router>();
  /** The virtual host of a port that takes what no other one does. */
  private readonly rest = new Map<number, CompiledVirtualHost>();
  private readonly ports: readonly number[];
  /** Configurations of one service and port, whose only domain is `*` (SEL-R57), by `host:port`. */
  private readonly byService: ReadonlyMap<number, DomainIndex<Router>>;
  private readonly servicePorts: readonly number[];
  /** Of the last request: the next one is often for the same host. */
  private lastAuthority: string | undefined = undefined;
  private lastHost: CompiledVirtualHost | undefined = undefined;
  private readonly last: CompiledVirtualHost | undefined;

  /** @param last takes what no port has a virtual host for */
  constructor(routers: readonly NamedRouter[], namespace: string, last?: VirtualHost) {
    this.last = last && compileRouter({ name: '', virtualHosts: [last], ignorePortInHost: true }).virtualHost('*');
    const byService = new Map<number, [string, Router][]>();
    for (const { name, router } of routers) {
      const colon = name.lastIndexOf(':');
      const port = Number(name.slice(colon + 1));
      if (!Number.isInteger(port) || port <= 0) continue;
      if (colon < 0) {
        this.byPort.set(port, router);
        const rest = router.virtualHosts.find(({ virtualHost }) => virtualHost.domains.includes('*'));
        if (rest) this.rest.set(port, rest);
      } else {
        const list = byService.get(port) ?? [];
        byService.set(port, list);
        for (const domain of clientNames(name.slice(0, colon), namespace)) list.push([domain, router]);
      }
    }
    this.ports = [...this.byPort.keys()].sort((a, b) => a - b);
    this.servicePorts = [...byService.keys()].sort((a, b) => a - b);
    this.byService = new Map([...byService].map(([port, entries]) => [port, new DomainIndex(true, entries)]));
  }

  virtualHost(authority: string): CompiledVirtualHost | undefined {
    if (authority !== this.lastAuthority) {
      this.lastHost = this.find(authority);
      this.lastAuthority = authority;
    }
    return this.lastHost;
  }

  private find(authority: string): CompiledVirtualHost | undefined {
    const port = portOf(authority);
    if (port > 0) return this.at(port, authority) ?? this.catchAll(port);
    const found = this.at(80, authority);
    if (found) return found;
    for (const other of this.ports) {
      const there = this.at(other, authority);
      if (there) return there;
    }
    for (const other of this.servicePorts) {
      const there = this.at(other, authority);
      if (there) return there;
    }
    return this.catchAll(80);
  }

  /** The virtual host that has the host itself, not the one for everything else. */
  private at(port: number, authority: string): CompiledVirtualHost | undefined {
    const found = this.byPort.get(port)?.virtualHost(authority);
    if (found && !found.virtualHost.domains.includes('*')) return found;
    return this.byService.get(port)?.find(authority)?.virtualHost(authority);
  }

  private catchAll(port: number): CompiledVirtualHost | undefined {
    return this.rest.get(port) ?? this.rest.get(80) ?? this.rest.get(this.ports[0] ?? 0) ?? this.last;
  }
}

/** 0: none. */
function portOf(authority: string): number {
  const colon = authority.lastIndexOf(':');
  if (colon < 0 || authority.endsWith(']') || (authority.indexOf(':') !== colon && !authority.startsWith('['))) return 0;
  const port = Number(authority.slice(colon + 1));
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : 0;
}
