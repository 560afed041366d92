import type { KubeClient } from '../../kube/client.ts';
import type { SecretStore } from './certificate-keeper.ts';

/** The Secret of this name in the cluster. */
export function secretStore(client: KubeClient, namespace: string, name: string, labels: Readonly<Record<string, string>>): SecretStore {
  return {
    create: (data) => client.create({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name, labels: { ...labels } }, type: 'Opaque', data }),
    update: (secret, data) => client.update({ ...secret, data }),
  };
}
