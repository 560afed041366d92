import { type Context, defineAnalyzer, type ReportExtra } from '../src/analysis/analyzer.ts';
import { meant } from '../src/analysis/meant.ts';
import { message } from '../src/analysis/message.ts';
import { NearestIndex } from '../src/analysis/nearest.ts';
import { namespaceInWords } from '../src/analysis/wording.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { selectsInstalledGateway } from '../src/model/default-ingress.ts';
import { gatewayNameLabel } from '../src/model/gateway-api.ts';
import type { Labels } from '../src/model/label-index.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { Selectables, selectableKinds } from '../src/model/selectable.ts';
import { formatSelector } from '../src/model/selectors.ts';

const WFT1026 = message<{ selector: string; scope: string | undefined; alsoEntries: boolean }>({
  name: 'SelectorMatchesNothing',
  level: 'Warning',
  summary: 'a selector selects no workload, so the resource does nothing',
  text: ({ selector, scope, alsoEntries }) =>
    scope === undefined
      ? `the selector ${selector} selects nothing: in the root namespace only a PeerAuthentication without a selector counts`
      : `no workload${alsoEntries ? ' or WorkloadEntry' : ''} ${scope} has the labels ${selector}`,
  help: 'correct the labels, or the namespace of the resource: they have to be those of the pods (spec.template.metadata.labels of a Deployment)',
  aliases: ['KIA0004'],
});

const messages = { WFT1026 };

interface Selecting {
  field: Path;
  /** In the root namespace it selects workloads of the whole mesh. */
  everywhere: boolean;
  effect: string;
}

const security = ['spec', 'selector', 'matchLabels'];
const kinds = {
  PeerAuthentication: { field: security, everywhere: false, effect: 'no workload gets its mTLS mode' },
  RequestAuthentication: { field: security, everywhere: true, effect: 'no workload checks the tokens of its requests by these rules' },
  WasmPlugin: { field: security, everywhere: true, effect: 'no proxy runs it' },
  ProxyConfig: { field: security, everywhere: false, effect: 'no proxy is configured by it' },
  EnvoyFilter: { field: ['spec', 'workloadSelector', 'labels'], everywhere: true, effect: 'no proxy gets these patches' },
  DestinationRule: {
    field: ['spec', 'workloadSelector', 'matchLabels'],
    everywhere: false,
    effect: 'no client gets these policies, and clients of this namespace do not get those of other namespaces for this host',
  },
  ServiceEntry: {
    field: ['spec', 'workloadSelector', 'labels'],
    everywhere: false,
    effect: 'the hosts have no endpoints: requests get 503 (response flag UH)',
  },
} as const satisfies Record<string, Selecting>;
const kindNames = Object.keys(kinds) as (keyof typeof kinds)[];

/** Selectors of the kinds that the reference does not check; `selector` and `workloadSelector` in their APIs. DR-R5, SEC-R11. */
export default defineAnalyzer({
  name: 'weft.SelectorAnalyzer',
  summary: 'selectors of policies and filters select something',
  reads: [...kindNames, ...selectableKinds, 'gateway-api/Gateway', 'MeshConfig'],
  preset: 'recommended',
  messages,
  check(context) {
    for (const kind of kindNames) for (const resource of context.mesh.list(kind)) check(context, resource, kinds[kind]);
  },
});

function check({ mesh, knows, knowsWorkloads, report }: Context<typeof messages>, resource: Resource, { field, everywhere, effect }: Selecting): void {
  const selector = field.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], resource.raw) as Labels | undefined;
  // Validation refuses empty keys and wildcards.
  if (!selector || Object.keys(selector).length === 0 || Object.entries(selector).some(([key, value]) => key === '' || `${key}${value}`.includes('*'))) return;
  const { kindName, namespace } = resource;
  const inRoot = namespace === mesh.rootNamespace;
  if (kindName === 'PeerAuthentication' && inRoot) {
    const help = 'put it into the namespace of the workloads';
    report('WFT1026', resource, field, { selector: formatSelector(selector), scope: undefined, alsoEntries: false }, { effect, help });
    return;
  }
  if (!knowsWorkloads() || isOfInstallation(mesh, namespace, selector, everywhere)) return;
  const where = everywhere && inRoot ? undefined : namespace;
  const selectables = Selectables.of(mesh);
  if (selectables.isSelected(where, selector) || isOfGateway(mesh, where, selector)) return;
  if (gatewayNameLabel in selector && !knows('gateway-api/Gateway')) return;
  // Entries of this kind are mostly for machines outside of the cluster.
  const alsoEntries = kindName === 'ServiceEntry';
  if (alsoEntries && !knows('WorkloadEntry')) return;
  const scope = where === undefined ? 'of the mesh' : `in ${namespaceInWords(where)}`;
  const { path, extra } = correction(mesh, where, selector, field);
  report('WFT1026', resource, path, { selector: formatSelector(selector), scope, alsoEntries }, { effect, ...extra });
}

/** Gateways that Istio's installation makes are seldom written beside an application. */
function isOfInstallation(mesh: Mesh, namespace: string, selector: Labels, everywhere: boolean): boolean {
  if (mesh.options.assume === 'complete') return false;
  const { istioNamespace } = mesh.options;
  return selectsInstalledGateway(selector) || (!everywhere && namespace === istioNamespace && mesh.workloads(namespace).length === 0);
}

/** Whether the selector names a gateway whose pods a controller makes. */
function isOfGateway(mesh: Mesh, namespace: string | undefined, selector: Labels): boolean {
  const name = selector[gatewayNameLabel];
  if (name === undefined) return false;
  if (namespace !== undefined) return mesh.find('gateway-api/Gateway', namespace, name) !== undefined;
  return mesh.memo('names of gateways', ['gateway-api/Gateway'], () => new Set(mesh.list('gateway-api/Gateway').map((g) => g.name))).has(name);
}

/** The one label that is wrong, and the value that it probably should have. */
function correction(mesh: Mesh, namespace: string | undefined, selector: Labels, field: Path): { path: Path; extra: ReportExtra } {
  const selectables = Selectables.of(mesh);
  const wrong = Object.entries(selector).filter(([key, value]) => !selectables.values(namespace, key).has(value));
  const [key, value] = wrong[0] ?? [];
  if (wrong.length !== 1 || key === undefined || value === undefined) return { path: field, extra: {} };
  const path = [...field, key];
  const indexes = mesh.memo('values of labels by near names', selectableKinds, () => new Map<string, NearestIndex>());
  const id = `${namespace ?? '*'} ${key}`;
  const index = indexes.get(id) ?? new NearestIndex(selectables.values(namespace, key));
  indexes.set(id, index);
  const near = index.find(value);
  return { path, extra: near !== undefined && selectables.isSelected(namespace, { ...selector, [key]: near }) ? meant(near, path) : {} };
}
