import { type PodSpec, proxyName, sidecarOf } from '../../inject/pod.ts';
import type { KubeClient } from '../../kube/client.ts';
import { podReason } from '../../kube/pod-reason.ts';
import type { PodName } from '../../kube/port-forward.ts';
import { podsThere } from './find-pod.ts';

/**
 * Why the proxy of a pod does not answer, and what to do: sentences. Empty where the cluster does not tell.
 *
 * @param port where its administration was looked for
 */
export async function whyNoProxy(client: KubeClient, pod: PodName, port: number): Promise<string> {
  const found = await client.get({ apiVersion: 'v1', kind: 'Pod', ...pod }).catch(() => 'unknown' as const);
  if (found === 'unknown') return '';
  if (!found) return podsThere(client, pod);
  const spec = (found.spec ?? { containers: [] }) as PodSpec;
  if (!sidecarOf(spec))
    return `The pod has no sidecar: its containers are ${spec.containers.map(({ name }) => name).join(', ')}. weft x check-inject ${pod.name} -n ${pod.namespace} tells why none was injected.`;
  const reason = podReason(found);
  if (reason !== '') return `The pod is not ready: ${reason}.`;
  return `Container ${proxyName} has its administration on another port than ${port}: --proxy-admin-port tells which.`;
}
