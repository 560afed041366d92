// Which rule of a virtual service takes a request, whoever sends it: as istio-config-validator asks, with the matching of the proxy.
import type { Origin } from '../../ir/table.ts';
import type { HTTPRoute, VirtualService } from '../../manifest/istio/networking.gen.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { ExchangeRecord } from '../../proxy/core/exchange-record.ts';
import { pathEndOf } from '../../proxy/core/path.ts';
import { RouteIndex } from '../../proxy/core/route-index.ts';
import { DomainIndex } from '../../proxy/core/router.ts';
import type { SimulatedHttpRequest } from '../../simulate/request.ts';
import { completeHttpRule } from '../../translate/complete-names.ts';
import { translateRule } from '../../translate/route-match.ts';
import { originOf } from '../../translate/statuses.ts';
import { VirtualServices } from '../../translate/virtual-services.ts';

/** A rule with its names complete, and where it is written. */
export interface FoundRule {
  route: HTTPRoute;
  origin: Origin;
}

/** The rules of all virtual services of one host, in order. */
class HostRules {
  private readonly rules: FoundRule[] = [];
  private readonly matches: { rule: FoundRule; match: ReturnType<typeof translateRule>[number] }[] = [];
  private index: RouteIndex | undefined;

  add(rules: readonly FoundRule[]): void {
    for (const rule of rules) {
      this.rules.push(rule);
      this.matches.push(...translateRule(rule.route, this.rules.length - 1).map((match) => ({ rule, match })));
    }
  }

  find(request: ExchangeRecord): FoundRule | undefined {
    this.index ??= new RouteIndex(this.matches.map(({ match }) => match.route));
    return this.matches[this.index.find(request)]?.rule;
  }
}

/** Rules by host. */
type Book = DomainIndex<HostRules>;

export class RuleBook {
  /** With the rules of delegates in the places of those that delegate. */
  private readonly delegated: Book;
  /** As they are written. */
  private readonly written: Book;

  constructor(mesh: Mesh) {
    const services = VirtualServices.of(mesh).all.filter(({ resource }) => resource.kindName === 'VirtualService');
    this.delegated = bookOf(services.map(({ hosts, http }) => ({ hosts, rules: http })));
    const roots = mesh.list('VirtualService') as readonly Resource<VirtualService>[];
    this.written = bookOf(roots.map((resource) => ({ hosts: (resource.spec.hosts ?? []).filter(Boolean), rules: writtenRules(resource) })));
  }

  /** @param delegated follow delegates, as a proxy does */
  find({ method, scheme, authority = '', path, headers = [] }: SimulatedHttpRequest, delegated: boolean): FoundRule | undefined {
    const record = new ExchangeRecord();
    Object.assign(record, {
      method,
      scheme,
      authority,
      path,
      pathEnd: pathEndOf(path),
      headers: headers.flatMap(([name, value]) => [name.toLowerCase(), value]),
    });
    return (delegated ? this.delegated : this.written).find(authority)?.find(record);
  }
}

function writtenRules(resource: Resource<VirtualService>): FoundRule[] {
  return (resource.spec.http ?? []).flatMap((route, i) =>
    route ? [{ route: completeHttpRule(route, resource.namespace), origin: originOf(resource, 'spec', 'http', i) }] : [],
  );
}

function bookOf(services: readonly { hosts: readonly string[]; rules: readonly FoundRule[] }[]): Book {
  const byHost = new Map<string, HostRules>();
  for (const { hosts, rules } of services) {
    for (const host of hosts) {
      const known = byHost.get(host) ?? new HostRules();
      byHost.set(host, known);
      known.add(rules);
    }
  }
  return new DomainIndex(false, byHost);
}
