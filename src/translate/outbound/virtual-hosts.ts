// Virtual hosts of an HTTP port: which host belongs to which routes.
import type { VirtualHost } from '../../ir/route.ts';
import type { Origin, Status } from '../../ir/table.ts';
import type { Resource } from '../../manifest/resource.ts';
import { keepList, sameItems } from '../../model/same.ts';
import type { MeshService } from '../../model/services.ts';
import { sorted } from '../by-name.ts';
import { keepWhole } from '../keep-equal.ts';
import type { Made, Parts } from '../made.ts';
import { originOf, Statuses } from '../statuses.ts';
import type { Outlook } from '../translation.ts';
import { DomainCache, type Domains } from './domains.ts';
import { defaultPort, type Group, type RouteGroups } from './route-groups.ts';

export interface VirtualHosts {
  /** By name. */
  hosts: readonly VirtualHost[];
  statuses: readonly Status[];
  groups: readonly Group[];
  /** One for each host and service of the groups; undefined where it has no domain left. */
  claims: readonly (VirtualHost | undefined)[];
}

/** Virtual hosts that were made before. */
export class HostCache {
  readonly domains = new DomainCache();
  private readonly hosts = new WeakMap<readonly string[], readonly VirtualHost[]>();

  /** The same one for the same routes, for whoever has these very domains. */
  of(host: VirtualHost): VirtualHost {
    const known = this.hosts.get(host.domains) ?? [];
    const found = known.find(
      (one) =>
        one.routes === host.routes && one.name === host.name && isSamePlace(one.origin, host.origin) && one.includeAttemptCount === host.includeAttemptCount,
    );
    if (found) return found;
    this.hosts.set(host.domains, [host, ...known.slice(0, mostRemembered - 1)]);
    return host;
  }
}

/** Virtual hosts that domains are remembered with. */
const mostRemembered = 16;

function isSamePlace(a: Origin | undefined, b: Origin | undefined): boolean {
  return a?.kind === b?.kind && a?.namespace === b?.namespace && a?.name === b?.name;
}

/**
 * @param port 0: every port, for proxies of HTTP clients and Unix sockets (SEL-R58)
 * @param former of the same proxies before
 */
export function virtualHosts(
  outlook: Outlook,
  cache: HostCache,
  parts: Parts<VirtualHosts>,
  { groups }: RouteGroups,
  port: number,
  former?: Made<VirtualHosts>,
): Made<VirtualHosts> {
  const { aliases, view, settings } = outlook;
  const surroundings = [aliases, view.namespace, port === 0, settings.includeAttemptCount];
  return parts.of(outlook, [groups, ...surroundings], former, (before) => {
    const comparable = before && former && sameItems(former.inputs.slice(1), surroundings) ? before : undefined;
    const domains = new DomainsOfPort(outlook, cache.domains, port === 0);
    const result = (comparable && withOtherRoutes(cache, domains, comparable, groups)) ?? new HostBuilder(outlook, cache, domains).build(groups, before);
    return { result, asked: [] };
  });
}

/** Where all groups are for the same hosts as before, who has which domain is as before. Undefined where they are not. */
function withOtherRoutes(cache: HostCache, domains: DomainsOfPort, before: VirtualHosts, groups: readonly Group[]): VirtualHosts | undefined {
  if (before.groups.length !== groups.length) return undefined;
  const claims = [...before.claims];
  const changed = new Map<VirtualHost, VirtualHost>();
  let at = 0;
  for (const [i, group] of groups.entries()) {
    const was = before.groups[i] as Group;
    const end = at + group.hosts.length + group.services.length;
    if (group !== was) {
      if (!isForSameHosts(domains, group, was)) return undefined;
      for (let claim = at; claim < end; claim++) {
        const host = claims[claim];
        if (!host) continue;
        const next = keepWhole(host, cache.of({ ...host, routes: group.routes }));
        changed.set(host, next);
        claims[claim] = next;
      }
    }
    at = end;
  }
  if (changed.size === 0) return { ...before, groups };
  const hosts = before.hosts.map((host) => changed.get(host) ?? host);
  return { hosts: keepList(before.hosts, hosts), statuses: before.statuses, groups, claims };
}

function isForSameHosts(domains: DomainsOfPort, a: Group, b: Group): boolean {
  const haveSameDomains = (service: MeshService, i: number): boolean => {
    const other = b.services[i];
    return service === other || (other !== undefined && isSameResource(service.resource, other.resource) && domains.areSame(service, other, a.port));
  };
  return (
    a.port === b.port &&
    isSameResource(a.by?.resource, b.by?.resource) &&
    sameItems(a.hosts, b.hosts) &&
    a.services.length === b.services.length &&
    a.services.every(haveSameDomains)
  );
}

function isSameResource(a: Resource | undefined, b: Resource | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.kindName === b.kindName && a.namespace === b.namespace && a.name === b.name);
}

/** Domains of services as the proxy's application names them. */
class DomainsOfPort {
  readonly everyPort: boolean;
  private readonly outlook: Outlook;
  private readonly cache: DomainCache;

  constructor(outlook: Outlook, cache: DomainCache, everyPort: boolean) {
    this.outlook = outlook;
    this.cache = cache;
    this.everyPort = everyPort;
  }

  of(service: MeshService, port: number): Domains {
    const { aliases, view } = this.outlook;
    const visible = aliases.get(service.host)?.filter(({ scopes }) => scopes.has('*') || scopes.has(view.namespace)) ?? [];
    return this.cache.of(
      service,
      visible.map(({ host }) => host),
      view.namespace,
      this.everyPort ? port : undefined,
    );
  }

  /** Whether two forms of a service are called the same. */
  areSame(a: MeshService, b: MeshService, port: number): boolean {
    const [own, other] = [this.of(a, port), this.of(b, port)];
    return a.host === b.host && sameItems(own.all, other.all) && sameItems(own.short, other.short);
  }
}

class HostBuilder {
  private readonly outlook: Outlook;
  private readonly cache: HostCache;
  private readonly domains: DomainsOfPort;
  private readonly statuses = new Statuses();
  private readonly named = new Map<string, VirtualHost>();
  private readonly claims: (VirtualHost | undefined)[] = [];
  // Requests for any host are those that nobody has (SEL-R72, SEL-R73).
  private readonly taken = new Map<string, string>([['*', '']]);
  private readonly services = new Set<string>();
  private before = new Map<string, VirtualHost>();

  constructor(outlook: Outlook, cache: HostCache, domains: DomainsOfPort) {
    this.outlook = outlook;
    this.cache = cache;
    this.domains = domains;
  }

  build(groups: readonly Group[], before: VirtualHosts | undefined): VirtualHosts {
    this.before = new Map(before?.hosts.map((host) => [host.name, host]));
    for (const { services } of groups) for (const { host } of services) this.services.add(host);
    for (const group of groups) {
      for (const host of group.hosts) this.claims.push(this.add(group, host, undefined));
      for (const service of group.services) this.claims.push(this.add(group, service.host, service));
    }
    const hosts = keepList(before?.hosts, sorted(this.named, before?.hosts));
    return { hosts, statuses: keepWhole(before?.statuses, this.statuses.list()), groups, claims: this.claims };
  }

  private add(group: Group, host: string, service: MeshService | undefined): VirtualHost | undefined {
    const name = `${host}:${group.port}`;
    const free = this.named.has(name) ? [] : this.free(service ? this.domains.of(service, group.port) : onlyHost(host));
    if (group.by && free.length === 0) this.reportLost(group.by.resource, host, this.named.get(name) ?? this.named.get(this.taken.get(host) ?? ''));
    for (const domain of free) this.taken.set(domain, name);
    const domains = this.domains.everyPort && group.port !== defaultPort ? free.filter((domain) => domain.includes(':')) : free;
    if (domains.length === 0) return undefined;
    const origin = group.by ? originOf(group.by.resource) : service && originOf(service.resource);
    const { includeAttemptCount } = this.outlook.settings;
    const made = this.cache.of({ name, domains, routes: group.routes, includeAttemptCount, requireTls: false, ...(origin ? { origin } : {}) });
    const kept = keepWhole(this.before.get(name), made);
    this.named.set(name, kept);
    return kept;
  }

  /** Domains that nobody has yet; the list itself where it is all of them. */
  private free({ all, short }: Domains): readonly string[] {
    const isFree = (domain: string): boolean => !this.taken.has(domain) && !(short.includes(domain) && this.services.has(domain));
    return all.every(isFree) ? all : all.filter(isFree);
  }

  /** SEL-R19 */
  private reportLost(resource: Resource, host: string, winner: VirtualHost | undefined): void {
    const { origin } = winner ?? {};
    if (origin?.kind === resource.kindName && origin.namespace === resource.namespace && origin.name === resource.name) return;
    const why =
      host === '*'
        ? 'requests for every host are for the outbound traffic policy'
        : `${host} is routed by ${origin ? `${origin.kind} ${origin.namespace}/${origin.name}` : 'another resource'}: rules of several virtual services are not merged`;
    this.statuses.add(originOf(resource, 'spec', 'hosts'), 'duplicate-host', why);
  }
}

const none: readonly string[] = [];

function onlyHost(host: string): Domains {
  return { all: [host.includes(':') && !host.startsWith('[') ? `[${host}]` : host], short: none };
}
