import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0166 } from '../src/analysis/catalogue/selectors.ts';
import { gatewayNameLabel } from '../src/model/gateway-api.ts';
import { LabelIndex } from '../src/model/label-index.ts';
import type { Workload } from '../src/model/workloads.ts';

const kinds = ['AuthorizationPolicy', 'RequestAuthentication', 'Telemetry', 'WasmPlugin'] as const;

/** spec/analyze/messages.md, k8sgateway.SelectorAnalyzer */
export default defineAnalyzer({
  name: 'k8sgateway.SelectorAnalyzer',
  summary: 'policies for Gateway API gateways name the gateway instead of selecting its pods',
  reads: [...kinds, 'Pod'],
  preset: 'reference',
  messages: { IST0166 },
  check({ mesh, report }) {
    const pods = mesh.allWorkloads().filter(({ labels }) => labels[gatewayNameLabel] !== undefined);
    const labelsOf = (workload: Workload) => workload.labels;
    const indexes = new Map([...Map.groupBy(pods, (w) => w.namespace)].map(([name, list]) => [name, new LabelIndex(list, labelsOf)]));
    for (const kind of kinds) {
      for (const policy of mesh.list(kind)) {
        const { selector, targetRef } = policy.spec;
        if (!selector || targetRef) continue;
        const selected = indexes.get(policy.namespace)?.matching(selector.matchLabels ?? {}) ?? [];
        for (const gateway of new Set(selected.map(({ labels }) => labels[gatewayNameLabel] ?? ''))) {
          report('IST0166', policy, ['spec', 'selector'], { gateway });
        }
      }
    }
  },
});
