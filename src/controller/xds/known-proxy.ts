import { XdsRefusal } from '../../envoy/xds/view.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { knownNames } from '../../manifest/known-names.ts';
import type { Mesh } from '../../model/mesh.ts';
import { gatewayNames, gatewayOfResource, gatewayWorkload, sidecarOf } from '../../translate/workload-identity.ts';

/** Where a mesh comes from, in the words of its user. */
export type MeshSource = 'manifests' | 'cluster';

/**
 * A proxy as it describes itself; what it leaves out, the mesh says of the workload that it names. One that says its labels is described
 * as a whole, except in a cluster: there its pod knows neither its node's locality, nor labels that it got after the sidecar was started.
 *
 * @throws XdsRefusal for a gateway that says nothing of itself and that the mesh does not have: it would have no listener
 */
export function knownProxy(proxy: ProxyIdentity, mesh: Mesh, source: MeshSource): ProxyIdentity {
  const { role, namespace, name, labels, locality, addresses } = proxy;
  const isDescribed = Object.keys(labels).length > 0;
  if (name === '' || (isDescribed && source === 'manifests')) return proxy;
  const workload = role === 'sidecar' ? sidecarOf(mesh, namespace, name) : gatewayWorkload(mesh, namespace, name);
  // Who has labels of its own is not another by the name of a Gateway.
  const found = workload ?? (role === 'gateway' && !isDescribed ? gatewayOfResource(mesh, namespace, name) : undefined);
  if (!found) {
    if (role === 'sidecar' || isDescribed) return proxy;
    throw new XdsRefusal(noGateway(mesh, `${namespace}/${name}`, source));
  }
  return {
    ...found,
    serviceAccount: proxy.serviceAccount === 'default' ? found.serviceAccount : proxy.serviceAccount,
    locality: locality.region === '' ? found.locality : locality,
    addresses: addresses.length === 0 ? found.addresses : addresses,
  };
}

function noGateway(mesh: Mesh, name: string, source: MeshSource): string {
  const [has, they] = source === 'manifests' ? ['the manifests have', 'They have'] : ['the cluster has', 'It has'];
  const known = gatewayNames(mesh);
  return `${has} no gateway ${name}. ${known.length > 0 ? knownNames(name, known, they) : `${they} none at all. A sidecar needs no --gateway.`}`;
}
