import { type CompiledVirtualHost, DomainIndex, type Router } from './core/router.ts';

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
  private readonly ports: readonly number[];
  /** Configurations of one service and port, whose only domain is `*` (SEL-R57), by `host:port`. */
  private readonly byService: ReadonlyMap<number, DomainIndex<Router>>;
  private readonly servicePorts: readonly number[];
  /** Of the last request: the next one is often for the same host. */
  private lastAuthority: string | undefined = undefined;
  private last: CompiledVirtualHost | undefined = undefined;

  constructor(routers: readonly NamedRouter[], namespace: string) {
    const byService = new Map<number, [string, Router][]>();
    for (const { name, router } of routers) {
      const colon = name.lastIndexOf(':');
      const port = Number(name.slice(colon + 1));
      if (!Number.isInteger(port) || port <= 0) continue;
      if (colon < 0) this.byPort.set(port, router);
      else {
        const list = byService.get(port) ?? [];
        byService.set(port, list);
        for (const domain of namesOf(name.slice(0, colon), namespace)) list.push([domain, router]);
      }
    }
    this.ports = [...this.byPort.keys()].sort((a, b) => a - b);
    this.servicePorts = [...byService.keys()].sort((a, b) => a - b);
    this.byService = new Map([...byService].map(([port, entries]) => [port, new DomainIndex(true, entries)]));
  }

  virtualHost(authority: string): CompiledVirtualHost | undefined {
    if (authority !== this.lastAuthority) {
      this.last = this.find(authority);
      this.lastAuthority = authority;
    }
    return this.last;
  }

  private find(authority: string): CompiledVirtualHost | undefined {
    const port = portOf(authority);
    if (port > 0) return this.at(port, authority) ?? this.catchAll(port, authority);
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
    return this.catchAll(80, authority);
  }

  /** The virtual host that has the host itself, not the one for everything else. */
  private at(port: number, authority: string): CompiledVirtualHost | undefined {
    const found = this.byPort.get(port)?.virtualHost(authority);
    if (found && !found.virtualHost.domains.includes('*')) return found;
    return this.byService.get(port)?.find(authority)?.virtualHost(authority);
  }

  private catchAll(port: number, authority: string): CompiledVirtualHost | undefined {
    const router = this.byPort.get(port) ?? this.byPort.get(80) ?? this.byPort.values().next().value;
    return router?.virtualHost(authority);
  }
}

/** 0: none. */
function portOf(authority: string): number {
  const colon = authority.lastIndexOf(':');
  if (colon < 0 || authority.endsWith(']') || (authority.indexOf(':') !== colon && !authority.startsWith('['))) return 0;
  const port = Number(authority.slice(colon + 1));
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : 0;
}

/** As clients of a namespace may say a host (SEL-R52). */
function namesOf(host: string, namespace: string): string[] {
  const match = /^([^.]+)\.([^.]+)\.svc\.cluster\.local$/.exec(host);
  if (!match) return [host];
  const [, name = '', own = ''] = match;
  return [host, `${host}.`, `${name}.${own}`, `${name}.${own}.svc`, ...(own === namespace ? [name] : [])];
}
