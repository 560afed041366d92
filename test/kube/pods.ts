// Pods of a test cluster, with ports that lead to this machine.
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { until } from '../proxy/support.ts';

/** @param ports those that something listens on, and where on this machine */
export function podWithPorts(
  namespace: string,
  name: string,
  ports: Readonly<Record<number, number>> = {},
  more: { labels?: object; annotations?: object; spec?: object } = {},
): KubeObject {
  const annotations = Object.fromEntries(Object.entries(ports).map(([port, target]) => [`kubelab/port-${port}`, `127.0.0.1:${target}`]));
  const containers = [
    { name: 'app', image: 'example/app' },
    { name: 'istio-proxy', image: 'example/proxy' },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels: { app: name.replace(/-\d+$/, ''), ...more.labels }, annotations: { ...annotations, ...more.annotations } },
    spec: { terminationGracePeriodSeconds: 0, containers, ...more.spec },
  };
}

/** Waits until a namespace has the account that pods need: a controller makes it some time after the namespace. */
export async function untilAccount(client: KubeClient, namespace: string): Promise<void> {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: 'default' };
  await until(async () => (await client.get(account)) !== undefined, `the service account of namespace ${namespace}`, 60_000);
}

/** Makes pods, and waits until they run. */
export async function running(client: KubeClient, ...pods: KubeObject[]): Promise<void> {
  for (const namespace of new Set(pods.map(({ metadata }) => metadata.namespace ?? 'default'))) await untilAccount(client, namespace);
  for (const one of pods) {
    // Where a webhook injects pods, the API server trusts it some moments after it serves.
    let why = '';
    const made = (): Promise<boolean> =>
      client.create(one).then(
        () => true,
        (error: Error) => {
          why = error.message;
          return false;
        },
      );
    await until(made, `pod ${one.metadata.name} is made`, 60_000).catch((error: Error) => {
      throw new Error(`${error.message}: ${why}`);
    });
  }
  for (const { metadata } of pods) {
    const phase = async (): Promise<unknown> =>
      (
        (await client.get({ apiVersion: 'v1', kind: 'Pod', namespace: metadata.namespace, name: metadata.name ?? '' }))?.status as
          | { phase?: string }
          | undefined
      )?.phase;
    await until(async () => (await phase()) === 'Running', `pod ${metadata.name} runs`, 60_000);
  }
}
