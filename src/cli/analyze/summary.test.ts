import { expect, it } from 'vitest';
import type { Report } from '../../analysis/report/report.ts';
import { plainStyle } from '../../analysis/report/style.ts';
import { conclude } from './summary.ts';

type Conclusion = Parameters<typeof conclude>[1];

const report: Report = {
  items: [],
  summary: { files: 2, resources: 12, unknownKinds: new Map(), skipped: [{ analyzer: 'a', kind: 'Secret' }], suppressed: 0, ran: [] },
  version: '1',
};
const prod = { name: 'prod', namespace: 'shop', gaps: [], servesIstio: true };
const gap = { kind: 'Pod', reason: 'user ana may not list pods', forbidden: true, readIn: [] };
const flags = { istioNamespace: 'istio-system' };

it.each<[string, Partial<Conclusion>, string[]]>([
  [
    'files',
    { paths: ['a', 'b', 'a'] },
    [
      '✔ Nothing to report: a, b (12 resources in 2 files).',
      '  Not checked, because the input has none of the kind: Secret (1 check). Add them, or --assume complete.',
    ],
  ],
  [
    'a cluster',
    { cluster: prod },
    ['✔ Nothing to report: cluster prod, namespace shop (12 resources).', '  Not checked, because not all of the kind could be read: Secret (1 check).'],
  ],
  [
    'all of a cluster without Istio',
    { cluster: { ...prod, servesIstio: false }, flags: { ...flags, allNamespaces: true } },
    [
      '✔ Nothing to report: cluster prod, all namespaces (12 resources).',
      '  The cluster has none of the kinds of Istio: their CustomResourceDefinitions are not installed.',
    ],
  ],
  [
    'files over a cluster',
    { cluster: prod, paths: ['a'], flags: { ...flags, namespace: 'pay' }, change: { known: 3, gone: 1 } },
    [
      '✔ Nothing to report: a over cluster prod, namespace pay (12 resources with those of 2 files).',
      '  3 findings of the cluster as it is left out (--only-new).',
      '  1 finding of the cluster would be gone.',
    ],
  ],
  [
    'what could not be read',
    { cluster: { ...prod, gaps: [gap, { ...gap, kind: 'Service', readIn: ['shop', 'istio-system'] }, { ...gap, kind: 'ConfigMap' }] } },
    [
      '  Not read: Pod: user ana may not list pods.',
      '  Not read: Service: user ana may not list pods; read in namespace shop, istio-system only.',
      '  Not read: ConfigMap: user ana may not list pods; the mesh configuration is taken to be the default.',
    ],
  ],
])('%s', (_, more, expected) => {
  const lines = conclude(report, { paths: [], flags, failing: 0, unparsable: 0, gone: 0, style: plainStyle, ...more }).split('\n');
  for (const line of expected) expect(lines).toContain(line);
});
