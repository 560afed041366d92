import { XdsRefusal } from '../../envoy/xds/view.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';
import { CliError } from '../exit.ts';
import { identityOf } from '../proxy/identity.ts';

/**
 * A proxy as it describes itself; what it leaves out, the manifests say of the workload that it names.
 *
 * @throws XdsRefusal for a gateway that says nothing of itself and that the manifests do not have: it would have no listener
 */
export function knownProxy(proxy: ProxyIdentity, mesh: Mesh): ProxyIdentity {
  const { role, namespace, name } = proxy;
  if (name === '' || Object.keys(proxy.labels).length > 0) return proxy;
  const found = inManifests(role, `${namespace}/${name}`, mesh);
  if (!found) return proxy;
  const { locality, addresses } = proxy;
  return {
    ...found,
    serviceAccount: proxy.serviceAccount === 'default' ? found.serviceAccount : proxy.serviceAccount,
    locality: locality.region === '' ? found.locality : locality,
    addresses: addresses.length === 0 ? found.addresses : addresses,
  };
}

function inManifests(role: ProxyIdentity['role'], name: string, mesh: Mesh): ProxyIdentity | undefined {
  try {
    return identityOf({ istioNamespace: mesh.options.istioNamespace, ...(role === 'gateway' ? { gateway: name } : { proxy: name }) }, mesh);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (role === 'sidecar') return undefined;
    throw new XdsRefusal([error.message.replace(/^--gateway: /, ''), ...(error.help ? [error.help] : [])].join('. '));
  }
}
