import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0002 } from '../src/analysis/catalogue/deprecation.ts';
import { deprecatedDelayPercent } from '../src/manifest/istio/deprecated.ts';
import { isMap, text } from '../src/model/untyped.ts';

/** Kinds of `rbac.istio.io`, which Istio removed in 1.6. */
const removed = new Set(['ClusterRbacConfig', 'RbacConfig', 'ServiceRole', 'ServiceRoleBinding']);

/** spec/analyze/messages.md, deprecation. The reference says nothing of definitions that it reads from files. */
export default defineAnalyzer({
  name: 'deprecation.DeprecationAnalyzer',
  summary: 'deprecated fields and removed kinds are not used',
  reads: ['VirtualService', 'Sidecar', 'CustomResourceDefinition'],
  preset: 'reference',
  messages: { IST0002 },
  check({ mesh, preset, report }) {
    for (const service of mesh.list('VirtualService')) {
      for (const [i, route] of (service.spec.http ?? []).entries()) {
        const path = ['spec', 'http', i, 'fault', 'delay'];
        const found = route?.fault?.delay && deprecatedDelayPercent(route.fault.delay, path);
        if (found) report('IST0002', service, [...path, 'percent'], { detail: found.text, same: 'percent' }, found);
      }
    }
    for (const sidecar of mesh.list('Sidecar')) {
      if (!sidecar.spec.outboundTrafficPolicy?.egressProxy) continue;
      const detail = 'the field OutboundTrafficPolicy.EgressProxy (outboundTrafficPolicy.egressProxy) is ignored';
      report(
        'IST0002',
        sidecar,
        ['spec', 'outboundTrafficPolicy', 'egressProxy'],
        { detail },
        { help: 'remove it; an egress host in the Sidecar leads to an egress gateway' },
      );
    }
    if (preset === 'reference') return;
    for (const definition of mesh.list('CustomResourceDefinition')) {
      const { group, names } = definition.spec;
      const kind = text(isMap(names) ? names.kind : undefined);
      if (group !== 'rbac.istio.io' || !removed.has(kind)) continue;
      const detail = `the kind ${kind} of ${group} was removed from Istio`;
      report('IST0002', definition, ['spec', 'names', 'kind'], { detail }, { help: 'use AuthorizationPolicy, and remove this definition' });
    }
  },
});
