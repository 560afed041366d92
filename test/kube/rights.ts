// Rights of users of a test cluster.
import type { KubeClient } from '../../src/kube/client.ts';
import { until } from '../until.ts';

/** A rule of a Role or ClusterRole. */
export interface Rule {
  apiGroups: readonly string[];
  resources: readonly string[];
  verbs: readonly string[];
}

/**
 * Waits until a user may do all of it: the API server decides by copies of Roles and bindings, which it has a moment after they were written.
 *
 * @param client may ask about others
 * @param namespace that of a Role; absent: in all namespaces
 */
export async function untilAllowed(client: KubeClient, user: string, rules: readonly Rule[], namespace?: string): Promise<void> {
  for (const { apiGroups, resources, verbs } of rules)
    for (const group of apiGroups)
      for (const resource of resources)
        for (const verb of verbs) await until(() => mayDo(client, user, { verb, group, resource, namespace }), `user ${user} may ${verb} ${resource}`, 60_000);
}

async function mayDo(client: KubeClient, user: string, resourceAttributes: object): Promise<boolean> {
  const { status } = await client.request<{ status?: { allowed?: boolean } }>('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    method: 'POST',
    body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user, resourceAttributes } },
  });
  return status?.allowed === true;
}
