import type { ProxyIdentity } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';
import { ReferenceGrants } from '../../model/reference-grants.ts';

export interface SecretName {
  namespace: string;
  name: string;
}

/** @param secret `NAMESPACE/NAME` */
export function splitSecretName(secret: string): SecretName {
  const slash = secret.indexOf('/');
  return { namespace: secret.slice(0, slash), name: secret.slice(slash + 1) };
}

/** Whether a Secret is for a proxy: those of its own namespace, and those that a ReferenceGrant gives to the Gateways there. */
export function mayNameSecret(mesh: Mesh, { namespace, name }: SecretName, proxy: Pick<ProxyIdentity, 'namespace'>): boolean {
  if (namespace === proxy.namespace) return true;
  const gateways = { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: proxy.namespace };
  const grants = ReferenceGrants.of(mesh);
  // The roots that go with a certificate are granted with it.
  return [name, name.replace(/-cacert$/, '')].some((one) => grants.allow(gateways, { group: '', kind: 'Secret', namespace, name: one }));
}
