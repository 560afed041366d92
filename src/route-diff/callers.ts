// Whose views of two meshes are compared: one of all that are alike.
import type { ProxyIdentity } from '../ir/table.ts';
import type { Labels } from '../model/label-index.ts';
import type { Mesh } from '../model/mesh.ts';
import { matchesLabels } from '../model/selectors.ts';
import { selectPatches } from '../translate/envoy-filters/select.ts';
import { viewOf } from '../translate/proxy-view.ts';
import { viewKey } from '../translate/table.ts';
import { gatewayOfResource, namedProxy, sidecarOf } from '../translate/workload-identity.ts';
import { stableJson } from './canonical.ts';

/** A proxy as it was and as it is. */
export interface Caller {
  role: ProxyIdentity['role'];
  /** `shop` for whoever is in it, `shop/cart`, `edge/web` for a gateway; empty: in a namespace that the meshes do not have. */
  name: string;
  old: ProxyIdentity;
  new: ProxyIdentity;
}

/** Callers that have one view of the old mesh and one of the new. */
export interface View {
  callers: Caller[];
}

/** All callers that the two meshes know, by their views. */
export function viewsOf(old: Mesh, now: Mesh): View[] {
  const views = new Map<string, View>();
  for (const caller of [...sidecarsOf(old, now), ...gatewaysOf(old, now)]) {
    const key = `${keyOf(old, caller.old)}\n${keyOf(now, caller.new)}`;
    const view = views.get(key);
    if (view) view.callers.push(caller);
    else views.set(key, { callers: [caller] });
  }
  return [...views.values()];
}

/** Workloads by name, each with what it is in either mesh: `[old, new]`; the one that has it speaks for the other. */
export function workloadsOf(old: Mesh, now: Mesh): { name: string; old: ProxyIdentity; new: ProxyIdentity; inBoth: boolean }[] {
  const names = new Map<string, { namespace: string; name: string }>();
  for (const mesh of [old, now]) {
    for (const { namespace, name } of [...mesh.allWorkloads(), ...mesh.list('WorkloadEntry')]) names.set(`${namespace}/${name}`, { namespace, name });
  }
  return [...names]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([fullName, { namespace, name }]) => {
      const [before, after] = [sidecarOf(old, namespace, name), sidecarOf(now, namespace, name)];
      const any = after ?? before;
      return any ? [{ name: fullName, old: before ?? any, new: after ?? any, inBoth: before !== undefined && after !== undefined }] : [];
    });
}

/** What of a proxy decides about its traffic to others. */
function keyOf(mesh: Mesh, proxy: ProxyIdentity): string {
  if (proxy.role === 'gateway') return viewKey(mesh, proxy);
  const { patches } = selectPatches(mesh, proxy);
  return `${viewOf(mesh, proxy).key}${patches.length > 0 ? stableJson(patches) : ''}`;
}

function sidecarsOf(old: Mesh, now: Mesh): Caller[] {
  const workloads = workloadsOf(old, now);
  const callers = workloads.map(({ name, old: before, new: after }): Caller => ({ role: 'sidecar', name, old: before, new: after }));
  const namespaces = new Set([...namespacesOf(old), ...namespacesOf(now)]);
  const add = (name: string, proxy: ProxyIdentity): void => void callers.push({ role: 'sidecar', name, old: proxy, new: proxy });
  const populated = new Set(workloads.map((one) => one.new.namespace));
  for (const namespace of [...namespaces].sort()) if (!populated.has(namespace)) add(namespace, namedProxy('sidecar', namespace, ''));
  for (const { namespace, labels } of selectorsOf(old, now)) {
    const isKnown = callers.some(({ new: proxy }) => (namespace === '' || proxy.namespace === namespace) && matchesLabels(labels, proxy.labels));
    const text = Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join(',');
    const own = namespace === '' ? ([...namespaces].sort()[0] ?? 'default') : namespace;
    if (!isKnown) add(namespace === '' ? text : `${own}/${text}`, { ...namedProxy('sidecar', own, ''), labels });
  }
  let other = 'elsewhere';
  while (namespaces.has(other)) other += '-';
  add('', namedProxy('sidecar', other, ''));
  return callers;
}

const kindsInNamespaces = ['Service', 'ServiceEntry', 'VirtualService', 'DestinationRule', 'Sidecar', 'WorkloadEntry'] as const;

function namespacesOf(mesh: Mesh): Set<string> {
  const found = new Set(kindsInNamespaces.flatMap((kind) => mesh.list(kind).map(({ namespace }) => namespace)));
  for (const { namespace } of mesh.allWorkloads()) found.add(namespace);
  for (const { name } of mesh.list('Namespace')) found.add(name);
  for (const service of mesh.list('VirtualService')) {
    for (const { match } of service.spec.http ?? []) for (const one of match ?? []) if (one?.sourceNamespace) found.add(one.sourceNamespace);
  }
  found.delete('');
  return found;
}

interface Selector {
  /** Empty: of any. */
  namespace: string;
  labels: Labels;
}

/** Labels by which something tells callers apart: whoever has them is a caller of its own, known or not. */
function selectorsOf(old: Mesh, now: Mesh): Selector[] {
  const found = new Map<string, Selector>();
  const add = (namespace: string, labels: Labels | undefined): void => {
    if (labels && Object.keys(labels).length > 0) found.set(stableJson([namespace, labels]), { namespace, labels });
  };
  for (const mesh of [old, now]) {
    for (const { spec } of mesh.list('VirtualService')) {
      const rules = [...(spec.http ?? []), ...(spec.tls ?? []), ...(spec.tcp ?? [])].filter(Boolean);
      for (const { match } of rules) for (const one of match ?? []) if (one) add('sourceNamespace' in one ? (one.sourceNamespace ?? '') : '', one.sourceLabels);
    }
    for (const { namespace, spec } of mesh.list('Sidecar')) add(namespace === mesh.rootNamespace ? '' : namespace, spec.workloadSelector?.labels);
    for (const { namespace, spec } of mesh.list('DestinationRule')) add(namespace, spec.workloadSelector?.matchLabels);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, selector]) => selector);
}

/** What runs each Gateway. */
function gatewaysOf(old: Mesh, now: Mesh): Caller[] {
  const names = new Map<string, { namespace: string; name: string }>();
  for (const mesh of [old, now]) {
    for (const { namespace, name, fullName } of [...mesh.list('Gateway'), ...mesh.list('gateway-api/Gateway')]) names.set(fullName, { namespace, name });
  }
  return [...names]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([fullName, { namespace, name }]): Caller[] => {
      const [before, after] = [gatewayOfResource(old, namespace, name), gatewayOfResource(now, namespace, name)];
      const any = after ?? before;
      return any ? [{ role: 'gateway', name: fullName, old: before ?? any, new: after ?? any }] : [];
    });
}
