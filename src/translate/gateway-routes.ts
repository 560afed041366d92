import type { ScopedMatch } from '../ir/route-match.ts';
import type { VirtualService } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { resolveGatewayName } from '../model/gateway-names.ts';
import { catchAllLast, isCatchAll, type TranslatedMatch, translateMatches } from './route-match.ts';

/** One match of one of the virtual services that route a host at a gateway. */
export interface GatewayMatch {
  service: Resource<VirtualService>;
  match: TranslatedMatch;
  /** With what depends on the gateway decided. */
  route: ScopedMatch;
  takesAll: boolean;
}

/**
 * The matches for one host at a gateway in the order in which they are tried: those of each virtual service, then what takes every
 * request (SEL-R80). Left out is what nobody can tell here: rules with a delegate, and matches for some callers only.
 *
 * @param services in the order in which the control plane takes them (SEL-R12)
 * @param gateway `namespace/name`
 */
export function matchesAtGateway(services: readonly Resource<VirtualService>[], gateway: string): GatewayMatch[] {
  const out: GatewayMatch[] = [];
  for (const service of services) {
    for (const match of translateMatches(service.spec)) {
      const { gateways, sourceLabels, sourceNamespace, port } = match.route.proxy;
      if (gateways.length > 0 && !gateways.some((name) => resolveGatewayName(service.namespace, name) === gateway)) continue;
      const takesAll = isCatchAll(match.route);
      const found = { service, match, takesAll, route: { ...match.route, proxy: { gateways: [], sourceLabels: {}, sourceNamespace: '', port } } };
      const certain = !service.spec.http?.[match.rule]?.delegate && (gateways.length > 0 || (Object.keys(sourceLabels).length === 0 && sourceNamespace === ''));
      if (certain) out.push(found);
      // Nothing is made of what follows it (MAT-R2).
      if (takesAll) break;
    }
  }
  return catchAllLast(out, ({ route }) => route);
}
