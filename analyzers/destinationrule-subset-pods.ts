import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0173, IST0174 } from '../src/analysis/catalogue/destination-rules.ts';
import { unknownHost } from '../src/analysis/unknown-host.ts';
import type { DestinationRule, Subset } from '../src/manifest/istio/networking.gen.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { OverlapIndex } from '../src/model/host-overlap.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { formatSelector } from '../src/model/selectors.ts';
import { hasEndpoint, podsAnywhere } from '../src/model/subset-endpoints.ts';

const messages = { IST0173, IST0174 };

/** spec/analyze/messages.md, destinationrule.SubsetSelectPod */
export default defineAnalyzer({
  name: 'destinationrule.SubsetSelectPodAnalyzer',
  summary: 'hosts of destination rules exist, and pods have the labels of their subsets',
  reads: ['DestinationRule', 'Service', 'ServiceEntry', 'WorkloadEntry', 'Pod', 'Node'],
  preset: 'reference',
  messages,
  check(context) {
    for (const rule of context.mesh.list('DestinationRule')) checkRule(context, rule);
  },
});

function hostsByOverlap(mesh: Mesh): OverlapIndex<true> {
  return mesh.memo('hosts by overlap', ['Service', 'ServiceEntry'], () => {
    const index = new OverlapIndex<true>();
    for (const { host } of mesh.hosts.all()) index.add(host, true);
    return index;
  });
}

function checkRule(context: Context<typeof messages>, rule: Resource<DestinationRule>): void {
  const { mesh, preset, report, knowsWorkloads } = context;
  const { host = '', exportTo, subsets = [] } = rule.spec;
  const entry = mesh.hosts.lookup(rule.namespace, exportTo, host);
  if (!entry) {
    // A rule for `*.shop.svc.cluster.local` is for all hosts under it; the reference looks for a host of this very name.
    if (preset !== 'reference' && host.startsWith('*') && hostsByOverlap(mesh).overlaps(host)) return;
    const unknown = unknownHost(context, rule.namespace, host, ['spec', 'host']);
    if (unknown) report('IST0174', rule, ['spec', 'host'], { host }, unknown);
    return;
  }
  // Of several subsets with one name the reference looks at the last.
  const byName = new Map<string, { subset: Subset | null; index: number }>();
  for (const [index, subset] of subsets.entries()) byName.set(subset?.name ?? '', { subset, index });
  for (const [name, { subset, index }] of byName) {
    const labels = subset?.labels ?? {};
    const selects = preset === 'reference' ? podsAnywhere : hasEndpoint;
    if (selects(mesh, entry, labels) || !knowsWorkloads()) continue;
    report(
      'IST0173',
      rule,
      ['spec', 'subsets', index, Object.keys(labels).length > 0 ? 'labels' : 'name'],
      { subset: name, labels: formatSelector(labels) },
      { related: [{ resource: entry.resource, text: `${entry.host} is defined here` }] },
    );
  }
}
