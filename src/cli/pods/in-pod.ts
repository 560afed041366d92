import type { KubeClient } from '../../kube/client.ts';
import { openPodStream, type PodName } from '../../kube/port-forward.ts';
import type { AdminWay } from '../envoy/admin-client.ts';

/** Half of a dump may be on its way through three machines. */
const silenceMs = 30_000;

/** The way to a port of a pod, through the API server; what goes wrong on it is a KubeError. */
export function wayIntoPod(client: KubeClient, pod: PodName, port: number): AdminWay {
  return { open: () => openPodStream(client, pod, port), silenceMs };
}
