import type { HTTPRoute, TCPRoute, TLSMatchAttributes, TLSRoute, VirtualService } from '../../manifest/istio/networking.gen.ts';
import { checkExportTo, itemsOf } from './primitives.ts';
import type { ProblemSink, Validator } from './validator.ts';
import { checkGatewayNames, meshGateway } from './virtual-service/gateway-names.ts';
import { checkHosts } from './virtual-service/hosts.ts';
import { checkNoJwtClaims } from './virtual-service/http-match.ts';
import { checkHttpRoute } from './virtual-service/http-route.ts';
import { checkTcpRoute, checkTlsRoutes } from './virtual-service/l4-routes.ts';
import { checkReachable } from './virtual-service/unreachable-rules.ts';

/** spec/analyze/validation.md, "VirtualService" */
export const validateVirtualService: Validator<VirtualService> = (spec, sink, target) => {
  const { hosts = [], gateways = [], http = [], tcp = [], tls = [] } = spec;
  const isDelegate = hosts.length === 0;
  const gatewaysOnly = gateways.length > 0 && !gateways.includes(meshGateway);
  if (isDelegate) checkDelegate(sink, spec);
  checkGatewayNames(sink, ['gateways'], gateways);
  checkHosts(sink, hosts, { mesh: !gatewaysOnly, gatewaysOnly, sni: hasSniHosts(tls) });
  if (http.length + tcp.length + tls.length === 0) sink.error([], 'the virtual service has no rules: it needs http, tcp or tls');
  for (const [i, rule] of itemsOf<HTTPRoute>(http).entries()) {
    if (!gatewaysOnly) checkNoJwtClaims(sink, ['http', i, 'match'], rule.match, gateways);
    checkHttpRoute(sink, ['http', i], rule, isDelegate);
  }
  checkTlsRoutes(sink, spec);
  for (const [i, rule] of itemsOf<TCPRoute>(tcp).entries()) checkTcpRoute(sink, ['tcp', i], rule);
  checkExportTo(sink, spec.exportTo, target.namespace);
  checkReachable(sink, spec);
};

/** Without hosts it is a delegate: a part of other virtual services, which brings HTTP rules and nothing else. */
function checkDelegate(sink: ProblemSink, spec: VirtualService): void {
  for (const field of ['gateways', 'tls', 'tcp'] as const) {
    if (!spec[field]?.length) continue;
    sink.error([field], `a virtual service without hosts is a delegate, and delegates cannot have ${field}`, {
      help: field === 'gateways' ? 'add hosts, or leave gateways to the virtual service that delegates' : 'add hosts; only HTTP rules can be delegated',
    });
  }
}

function hasSniHosts(tls: readonly (TLSRoute | null)[]): boolean {
  return itemsOf(tls).some((rule) => itemsOf<TLSMatchAttributes>(rule.match).some((match) => match.sniHosts?.length));
}
