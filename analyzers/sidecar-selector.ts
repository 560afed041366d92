import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0101 } from '../src/analysis/catalogue/references.ts';
import { IST0110, IST0111, IST0167 } from '../src/analysis/catalogue/selectors.ts';
import type { Sidecar } from '../src/manifest/istio/networking.gen.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { isAmbient, isAmbientNamespace } from '../src/model/injection.ts';
import { firstLabel, select } from '../src/model/selection.ts';
import { formatSelector } from '../src/model/selectors.ts';

/** spec/analyze/messages.md, sidecar.SelectorAnalyzer */
export default defineAnalyzer({
  name: 'sidecar.SelectorAnalyzer',
  summary: 'each workload and each namespace has at most one Sidecar, and every Sidecar has an effect',
  reads: ['Sidecar', 'Pod', 'Namespace'],
  preset: 'reference',
  messages: { IST0101, IST0110, IST0111, IST0167 },
  check({ mesh, knowsWorkloads, report }) {
    const sidecars = mesh.list('Sidecar');
    const { idle, selecting } = select(mesh, sidecars, labelsOf);
    for (const { resource, selector } of idle) {
      if (!knowsWorkloads()) break;
      const path = ['spec', 'workloadSelector', 'labels', firstLabel(selector)];
      report(
        'IST0101',
        resource,
        path,
        { what: 'selector', name: formatSelector(selector) },
        { help: 'correct its labels, or remove this Sidecar: it applies to nothing' },
      );
    }
    const ineffective = new Set<Resource>();
    for (const [workload, all] of selecting) {
      if (isAmbient(workload, mesh.find('Namespace', '', workload.namespace))) {
        for (const sidecar of all) {
          if (ineffective.has(sidecar)) continue;
          ineffective.add(sidecar);
          report('IST0167', sidecar, ['spec', 'workloadSelector'], { reason: 'a workload that it selects is in ambient mode and has no sidecar' });
        }
      } else if (all.length > 1) {
        const data = { names: namesOf(all), namespace: workload.namespace, pod: workload.name };
        for (const sidecar of all) report('IST0110', sidecar, ['metadata', 'name'], data);
      }
    }
    const ofNamespaces = Map.groupBy(
      sidecars.filter((sidecar) => Object.keys(labelsOf(sidecar)).length === 0),
      (sidecar) => sidecar.namespace,
    );
    for (const [namespace, all] of ofNamespaces) {
      if (isAmbientNamespace(mesh.find('Namespace', '', namespace))) {
        for (const sidecar of all)
          report('IST0167', sidecar, ['metadata', 'name'], { reason: 'its namespace is in ambient mode, and pods have no sidecar there' });
      } else if (all.length > 1) {
        for (const sidecar of all) report('IST0111', sidecar, ['metadata', 'name'], { names: namesOf(all), namespace });
      }
    }
  },
});

function labelsOf(sidecar: Resource<Sidecar>): Readonly<Record<string, string>> {
  return sidecar.spec.workloadSelector?.labels ?? {};
}

function namesOf(sidecars: readonly Resource[]): string[] {
  return sidecars.map((sidecar) => sidecar.name).sort();
}
