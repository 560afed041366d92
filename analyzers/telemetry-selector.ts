import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0101 } from '../src/analysis/catalogue/references.ts';
import { IST0159 } from '../src/analysis/catalogue/selectors.ts';
import { firstLabel, select } from '../src/model/selection.ts';
import { formatSelector } from '../src/model/selectors.ts';

/** spec/analyze/messages.md, telemetry.SelectorAnalyzer */
export default defineAnalyzer({
  name: 'telemetry.SelectorAnalyzer',
  summary: 'each workload has at most one Telemetry with a selector, and every selector selects one',
  reads: ['Telemetry', 'Pod'],
  preset: 'reference',
  messages: { IST0101, IST0159 },
  check({ mesh, knowsWorkloads, report }) {
    const { idle, selecting } = select(mesh, mesh.list('Telemetry'), (telemetry) => telemetry.spec.selector?.matchLabels);
    for (const { resource, selector } of idle) {
      if (!knowsWorkloads()) break;
      const path = ['spec', 'selector', 'matchLabels', firstLabel(selector)];
      report(
        'IST0101',
        resource,
        path,
        { what: 'selector', name: formatSelector(selector) },
        { help: 'correct its labels, or remove this Telemetry: it applies to nothing' },
      );
    }
    for (const [workload, all] of selecting) {
      if (all.length < 2) continue;
      const data = { names: all.map((t) => t.name).sort(), namespace: workload.namespace, pod: workload.name };
      for (const telemetry of all) report('IST0159', telemetry, ['metadata', 'name'], data);
    }
  },
});
