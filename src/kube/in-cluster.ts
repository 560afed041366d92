import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import type { Credentials } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import { KubeError } from './error.ts';
import { TokenFileCredentials } from './token-file.ts';

/** Where the kubelet puts the service account of a pod. */
const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface PodCluster {
  endpoint: Endpoint;
  credentials: Credentials;
  namespace: string;
}

/**
 * The cluster that this process is a pod of.
 *
 * @param folder of the service account
 * @returns undefined outside of clusters
 * @throws KubeError 'NoConfig' in a pod that has no service account
 */
export async function inCluster(env: NodeJS.ProcessEnv, folder = serviceAccount): Promise<PodCluster | undefined> {
  const host = env.KUBERNETES_SERVICE_HOST;
  const port = env.KUBERNETES_SERVICE_PORT;
  if (!host || !port) return undefined;
  let ca: Buffer;
  try {
    [ca] = await Promise.all([readFile(`${folder}/ca.crt`), readFile(`${folder}/token`)]);
  } catch (error) {
    throw new KubeError(`this pod has no service account: ${(error as Error).message}`, {
      reason: 'NoConfig',
      help: 'Set automountServiceAccountToken to true in the pod, or name a kubeconfig.',
      cause: error,
    });
  }
  const namespace = await readFile(`${folder}/namespace`, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  return {
    endpoint: { server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`, context: '', origin: 'the service account of this pod', ca },
    credentials: new TokenFileCredentials(`${folder}/token`),
    namespace: namespace || 'default',
  };
}
