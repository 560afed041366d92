import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0149 } from '../src/analysis/catalogue/routes.ts';
import type { VirtualService } from '../src/manifest/istio/networking.gen.ts';
import type { RequestAuthentication } from '../src/manifest/istio/security.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { gatewayWorkloads } from '../src/model/gateway-workloads.ts';
import { matchesLabels } from '../src/model/selectors.ts';
import type { Workload } from '../src/model/workloads.ts';

/** `@request.auth.claims.group` or `@request.auth.claims[group][sub]`: a claim of the token, not a header. */
const claim = /^@request\.auth\.claims(?:\..+|\[.+\])$/i;

/** spec/analyze/messages.md, virtualservice.JWTClaimRoute */
export default defineAnalyzer({
  name: 'virtualservice.JWTClaimRouteAnalyzer',
  summary: 'gateways read the tokens that virtual services route by',
  reads: ['VirtualService', 'RequestAuthentication', 'Gateway', 'Pod'],
  preset: 'reference',
  messages: { IST0149 },
  check({ mesh, knows, preset, report }) {
    const asReference = preset === 'reference';
    const root = asReference ? 'istio-system' : mesh.rootNamespace;
    const applies = (workload: Workload): boolean =>
      [...mesh.listIn('RequestAuthentication', root), ...mesh.listIn('RequestAuthentication', workload.namespace)].some((authentication) =>
        selects(authentication, workload, asReference),
      );
    const answers = new Map<Workload, boolean>();
    for (const service of mesh.list('VirtualService')) {
      const found = firstClaim(service.spec);
      if (!found) continue;
      for (const [i, name] of (service.spec.gateways ?? []).entries()) {
        if (name === 'mesh') continue;
        const slash = name.indexOf('/');
        const gateway = slash < 0 ? mesh.find('Gateway', service.namespace, name) : mesh.find('Gateway', name.slice(0, slash), name.slice(slash + 1));
        if (!gateway) continue;
        for (const workload of gatewayWorkloads(mesh, gateway.spec.selector)) {
          let answer = answers.get(workload);
          if (answer === undefined) {
            answer = applies(workload);
            answers.set(workload, answer);
          }
          if (answer || !knows('RequestAuthentication')) continue;
          report(
            'IST0149',
            service,
            found.path,
            { key: found.key, gateway: gateway.fullName, pod: workload.name },
            {
              related: [
                { resource: service, path: ['spec', 'gateways', i], text: `bound to gateway ${gateway.fullName} here` },
                { resource: workload.resource, text: `${workload.name} runs the gateway` },
              ],
            },
          );
        }
      }
    }
  },
});

/** A policy with targetRefs has no selector and applies to what it names; the reference takes it for one that selects all. */
function selects({ spec }: Resource<RequestAuthentication>, workload: Workload, asReference: boolean): boolean {
  if (!asReference && (spec.targetRef || spec.targetRefs?.length)) return false;
  return matchesLabels(spec.selector?.matchLabels, workload.labels);
}

function firstClaim(spec: VirtualService): { key: string; path: Path } | undefined {
  for (const [i, route] of (spec.http ?? []).entries()) {
    for (const [j, match] of (route?.match ?? []).entries()) {
      for (const field of ['headers', 'withoutHeaders'] as const) {
        const key = Object.keys(match?.[field] ?? {}).find((name) => claim.test(name));
        if (key !== undefined) return { key, path: ['spec', 'http', i, 'match', j, field, key] };
      }
    }
  }
  return undefined;
}
