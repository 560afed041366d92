// Which virtual host and which route take a request.
import type { RouteConfig, VirtualHost } from '../../ir/route.ts';
import { CompiledRoute } from './compiled-route.ts';
import type { RequestView } from './exchange-record.ts';
import type { FormatOptions } from './format.ts';
import { RouteIndex } from './route-index.ts';

export type RouterOptions = FormatOptions;

export class CompiledVirtualHost {
  readonly virtualHost: VirtualHost;
  readonly name: string;
  readonly requireTls: boolean;
  readonly routes: readonly CompiledRoute[];
  readonly #index: RouteIndex;

  constructor(virtualHost: VirtualHost, options: RouterOptions, problems: string[]) {
    this.virtualHost = virtualHost;
    this.name = virtualHost.name;
    this.requireTls = virtualHost.requireTls;
    const own: string[] = [];
    this.routes = virtualHost.routes.map((route, index) => new CompiledRoute(route, virtualHost, index, options, own));
    this.#index = new RouteIndex(virtualHost.routes.map((route) => route.match));
    for (const problem of own) problems.push(`${virtualHost.name}: ${problem}`);
  }

  /** The first route that matches (MAT-R1). No route is for CONNECT (RT-R48). */
  match(request: RequestView): CompiledRoute | undefined {
    if (request.method === 'CONNECT') return undefined;
    const position = this.#index.find(request);
    return position < 0 ? undefined : this.routes[position];
  }
}

/** Wildcard domains by the length of their text, the longest first. */
type Wildcards<V> = readonly { length: number; hosts: ReadonlyMap<string, V> }[];

/** Domains to virtual hosts, the most specific first (SEL-R59). */
export class DomainIndex<V> {
  readonly #ignorePort: boolean;
  readonly #exact = new Map<string, V>();
  readonly #suffixes: Wildcards<V>;
  readonly #prefixes: Wildcards<V>;
  readonly #any: V | undefined;

  /** The first that claims a domain has it. */
  constructor(ignorePort: boolean, entries: Iterable<readonly [domain: string, value: V]>) {
    this.#ignorePort = ignorePort;
    const suffixes = new Map<string, V>();
    const prefixes = new Map<string, V>();
    let any: V | undefined;
    const claim = (domains: Map<string, V>, domain: string, value: V): void => void (domains.has(domain) || domains.set(domain, value));
    for (const [written, value] of entries) {
      const domain = written.toLowerCase();
      if (domain === '*') any ??= value;
      else if (domain.startsWith('*')) claim(suffixes, domain.slice(1), value);
      else if (domain.endsWith('*')) claim(prefixes, domain.slice(0, -1), value);
      else claim(this.#exact, domain, value);
    }
    this.#suffixes = byLength(suffixes);
    this.#prefixes = byLength(prefixes);
    this.#any = any;
  }

  /** @param authority as sent */
  find(authority: string): V | undefined {
    const host = this.hostOf(authority);
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    for (const { length, hosts } of this.#suffixes) {
      const found = host.length > length ? hosts.get(host.slice(-length)) : undefined;
      if (found !== undefined) return found;
    }
    for (const { length, hosts } of this.#prefixes) {
      const found = host.length > length ? hosts.get(host.slice(0, length)) : undefined;
      if (found !== undefined) return found;
    }
    return this.#any;
  }

  /** The host that is looked up: lower case, without its port (SEL-R60). */
  hostOf(authority: string): string {
    return (this.#ignorePort ? withoutPort(authority) : authority).toLowerCase();
  }
}

function byLength<V>(domains: ReadonlyMap<string, V>): Wildcards<V> {
  const lengths = new Map<number, Map<string, V>>();
  for (const [text, value] of domains) {
    let hosts = lengths.get(text.length);
    if (!hosts) {
      hosts = new Map();
      lengths.set(text.length, hosts);
    }
    hosts.set(text, value);
  }
  return [...lengths].map(([length, hosts]) => ({ length, hosts })).sort((a, b) => b.length - a.length);
}

/** `h:80` → `h`, `[::1]:80` → `[::1]` */
export function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(':');
  return colon < 0 || authority.lastIndexOf(']') > colon ? authority : authority.slice(0, colon);
}

export class Router {
  readonly config: RouteConfig;
  readonly virtualHosts: readonly CompiledVirtualHost[];
  /** What of the configuration cannot be done: formats and expressions that are none. */
  readonly problems: readonly string[];
  readonly #domains: DomainIndex<CompiledVirtualHost>;
  /** Of the last request: the next one is often for the same host. */
  #lastAuthority: string | undefined = undefined;
  #last: CompiledVirtualHost | undefined = undefined;

  constructor(config: RouteConfig, options: RouterOptions) {
    this.config = config;
    const problems: string[] = [];
    this.virtualHosts = config.virtualHosts.map((virtualHost) => new CompiledVirtualHost(virtualHost, options, problems));
    this.problems = problems;
    this.#domains = new DomainIndex(
      config.ignorePortInHost,
      this.virtualHosts.flatMap((host) => host.virtualHost.domains.map((domain) => [domain, host] as const)),
    );
  }

  /**
   * The virtual host of an authority: its domain as it is, else the longest `*.suffix`, else the longest `prefix.*`, else `*`. When
   * none of its routes matches, no other virtual host is asked (SEL-R59).
   */
  virtualHost(authority: string): CompiledVirtualHost | undefined {
    if (authority !== this.#lastAuthority) {
      this.#last = this.#domains.find(authority);
      this.#lastAuthority = authority;
    }
    return this.#last;
  }
}

/** Compiles the table of one listener's routes. */
export function compileRouter(config: RouteConfig, options: RouterOptions = {}): Router {
  return new Router(config, options);
}
