import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0160 } from '../src/analysis/catalogue/selectors.ts';

/** spec/analyze/messages.md, telemetry.DefaultSelectorAnalyzer. One with targetRefs counts, too, as in the reference. */
export default defineAnalyzer({
  name: 'telemetry.DefaultSelectorAnalyzer',
  summary: 'each namespace has at most one Telemetry without a selector',
  reads: ['Telemetry'],
  preset: 'reference',
  messages: { IST0160 },
  check({ mesh, report }) {
    const ofNamespaces = Map.groupBy(
      mesh.list('Telemetry').filter(({ spec }) => !spec.selector),
      ({ namespace }) => namespace,
    );
    for (const [namespace, all] of ofNamespaces) {
      if (all.length < 2) continue;
      const names = all.map(({ name }) => name).sort();
      for (const telemetry of all) report('IST0160', telemetry, ['metadata', 'name'], { names, namespace });
    }
  },
});
