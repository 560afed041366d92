import type { Mesh } from './mesh.ts';

/** Namespaces of every cluster. */
const ofEveryCluster: readonly string[] = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/**
 * The namespaces that exist as far as the input tells: those that are written, those in which something runs, those of every
 * cluster, and the control plane's. A name that is not here is only missing where `mesh.knows('Namespace')`.
 */
export function knownNamespaces(mesh: Mesh): ReadonlySet<string> {
  return mesh.memo('known namespaces', ['Namespace', 'Service', 'ServiceAccount', 'Pod'], () => {
    const names = new Set([...ofEveryCluster, mesh.options.istioNamespace, mesh.rootNamespace]);
    for (const { name } of mesh.list('Namespace')) names.add(name);
    for (const { namespace } of [...mesh.list('Service'), ...mesh.list('ServiceAccount'), ...mesh.allWorkloads()]) names.add(namespace);
    names.delete('');
    return names;
  });
}
