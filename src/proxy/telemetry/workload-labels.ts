import type { Cluster, Endpoint } from '../../ir/cluster.ts';
import type { ProxyIdentity } from '../../ir/table.ts';

/** What the standard labels say of one side of a request (TEL-R2). */
export interface WorkloadLabels {
  workload: string;
  namespace: string;
  canonicalService: string;
  canonicalRevision: string;
  principal: string;
  app: string;
  version: string;
  cluster: string;
}

/** The service that a request is for. */
export interface ServiceLabels {
  /** Fully qualified. */
  host: string;
  name: string;
  namespace: string;
}

export const unknown = 'unknown';

export const unknownWorkload: WorkloadLabels = {
  workload: unknown,
  namespace: unknown,
  canonicalService: unknown,
  canonicalRevision: unknown,
  principal: unknown,
  app: unknown,
  version: unknown,
  cluster: unknown,
};

/** @param clusterId name of the Kubernetes cluster */
export function proxyLabels(proxy: ProxyIdentity, clusterId: string): WorkloadLabels {
  return workloadLabels(workloadOfPod(proxy.name), proxy.namespace, proxy.labels, clusterId);
}

/** Nothing is known of an endpoint that belongs to no workload and has no labels. */
export function endpointLabels(endpoint: Endpoint | undefined, clusterId: string): WorkloadLabels {
  if (!endpoint || (endpoint.workload === '' && Object.keys(endpoint.labels).length === 0)) return unknownWorkload;
  return workloadLabels(endpoint.workload, endpoint.namespace, endpoint.labels, clusterId);
}

function workloadLabels(workload: string, namespace: string, labels: Readonly<Record<string, string>>, clusterId: string): WorkloadLabels {
  return {
    workload: workload || unknown,
    namespace: namespace || unknown,
    canonicalService: labels['service.istio.io/canonical-name'] || labels['app.kubernetes.io/name'] || labels.app || workload || unknown,
    canonicalRevision: labels['service.istio.io/canonical-revision'] || labels['app.kubernetes.io/version'] || labels.version || 'latest',
    principal: unknown,
    app: labels.app || unknown,
    version: labels.version || unknown,
    cluster: clusterId,
  };
}

/** `payment` of `payment-7c9d8f6b54-x2x1z` (Deployment), `db` of `db-0` (StatefulSet). */
function workloadOfPod(name: string): string {
  return name.replace(/-(?:[bcdf0-9][bcdfghjklmnpqrstvwxz2-9]{4,9}-)?[bcdfghjklmnpqrstvwxz2-9]{5}$|-\d+$/, '');
}

/** Undefined for the fixed clusters, which are for no service. */
export function serviceOf({ host, namespace }: Cluster): ServiceLabels | undefined {
  if (host === '') return undefined;
  // Kubernetes' services have their namespace as second part; others are named by their whole host.
  const [first = '', second] = host.split('.', 2);
  const isKubernetes = second !== undefined && second === namespace && host.startsWith(`${first}.${second}.svc.`);
  return { host, name: isKubernetes ? first : host, namespace: namespace || unknown };
}
