import { keepList, sameItems } from '../model/same.ts';
import type { MeshService } from '../model/services.ts';
import type { EffectiveRule, RuleLevels } from './clusters/effective-rule.ts';
import type { ProxyView } from './proxy-view.ts';

/** Places of services in a list of them. */
interface Places {
  byHost: ReadonlyMap<string, number>;
  byNamespace: ReadonlyMap<string, readonly number[]>;
}

const places = new WeakMap<readonly MeshService[], Places>();

function placesOf(services: readonly MeshService[]): Places {
  let found = places.get(services);
  if (!found) {
    const byHost = new Map<string, number>();
    const byNamespace = new Map<string, number[]>();
    for (const [place, { host, namespace }] of services.entries()) {
      byHost.set(host, place);
      const list = byNamespace.get(namespace);
      if (list) list.push(place);
      else byNamespace.set(namespace, [place]);
    }
    found = { byHost, byNamespace };
    places.set(services, found);
  }
  return found;
}

/** The services that a proxy has clusters for, each host once, with the destination rules that it uses. */
export class ServiceRules {
  readonly services: readonly MeshService[];
  /** One for each service. */
  readonly rules: readonly (EffectiveRule | undefined)[];
  private readonly places: Places;

  private constructor(services: readonly MeshService[], rules: readonly (EffectiveRule | undefined)[]) {
    this.services = services;
    this.rules = rules;
    this.places = placesOf(services);
  }

  /**
   * @param levels where the proxies look for rules
   * @param known of these proxies before, and of others: one with the same services and rules is taken
   * @param former of the same proxies in a mesh before
   */
  static of(
    view: ProxyView,
    levels: RuleLevels,
    services: readonly MeshService[],
    known: readonly ServiceRules[],
    former: { known: ServiceRules; levels: RuleLevels } | undefined,
  ): ServiceRules {
    const before = former?.known.services === services ? former : undefined;
    const rules = before ? rulesAfter(view, levels, before) : services.map((service) => levels.ruleOf(view, service));
    for (const one of known) if (one.services === services && sameItems(one.rules, rules)) return one;
    return new ServiceRules(services, rules);
  }

  /** In `services`; undefined for a host that none has. */
  placeOf(host: string): number | undefined {
    return this.places.byHost.get(host);
  }

  serviceOf(host: string): MeshService | undefined {
    const place = this.places.byHost.get(host);
    return place === undefined ? undefined : this.services[place];
  }

  /** Places in `services`, by namespace. */
  get byNamespace(): ReadonlyMap<string, readonly number[]> {
    return this.places.byNamespace;
  }
}

/** Rules of the same services: those that may have changed are looked for again. */
function rulesAfter(view: ProxyView, levels: RuleLevels, former: { known: ServiceRules; levels: RuleLevels }): readonly (EffectiveRule | undefined)[] {
  const { services, rules, byNamespace } = former.known;
  const out = [...rules];
  for (const [namespace, own] of byNamespace) {
    if (levels.areSameFor(namespace, former.levels)) continue;
    for (const place of own) out[place] = levels.ruleOf(view, services[place] as MeshService);
  }
  return keepList(rules, out);
}
