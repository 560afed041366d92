import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';

const WFT1022 = message<{ subset: string; host: string; others: boolean }>({
  name: 'SubsetWithoutLabels',
  level: 'Info',
  summary: 'a subset has no labels, so it is the whole host',
  text: ({ subset, host }) => `subset "${subset}" has no labels, so it is all endpoints of ${host}`,
  help: ({ others }) => (others ? 'give it the labels of its version, as the other subsets have' : 'give it labels, or route to the host without a subset'),
  effect: 'requests for this subset go to every version',
  aliases: ['KIA0209'],
});

/** RT-R6, DR-R13. A subset with a policy of its own is there for that policy. */
export default defineAnalyzer({
  name: 'weft.SubsetLabelsAnalyzer',
  summary: 'subsets have labels',
  reads: ['DestinationRule'],
  preset: 'recommended',
  messages: { WFT1022 },
  check({ mesh, report }) {
    for (const rule of mesh.list('DestinationRule')) {
      const { host = '', subsets = [] } = rule.spec;
      const labelled = (labels: Record<string, string> | undefined): boolean => Object.keys(labels ?? {}).length > 0;
      const others = subsets.some((s) => labelled(s?.labels));
      for (const [i, subset] of subsets.entries()) {
        if (!subset || labelled(subset.labels) || subset.trafficPolicy) continue;
        report('WFT1022', rule, ['spec', 'subsets', i, 'name'], { subset: subset.name ?? '', host, others });
      }
    }
  },
});
