import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/error.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Leases } from './lease-election.ts';

/** The Lease of this name in the cluster. */
export function leasesOf(client: KubeClient, namespace: string, name: string, labels: Readonly<Record<string, string>>): Leases {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  // An answer that comes later than this is of no use.
  const timeoutMs = 5_000;
  return {
    async get() {
      try {
        return await client.request<KubeObject>(`${path}/${name}`, { retry: false, timeoutMs, purpose: `read Lease ${namespace}/${name}` });
      } catch (error) {
        if (error instanceof KubeError && error.status === 404) return undefined;
        throw error;
      }
    },
    create: (spec) =>
      client.request<KubeObject>(path, {
        method: 'POST',
        body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name, labels }, spec },
        retry: false,
        timeoutMs,
        purpose: `create Lease ${namespace}/${name}`,
      }),
    update: (lease, spec) =>
      client.request<KubeObject>(`${path}/${name}`, {
        method: 'PUT',
        body: { ...lease, spec },
        retry: false,
        timeoutMs,
        purpose: `renew Lease ${namespace}/${name}`,
      }),
  };
}
