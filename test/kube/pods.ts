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

/** Makes pods, and waits until they run. */
export async function running(client: KubeClient, ...pods: KubeObject[]): Promise<void> {
  // The service account of a new namespace comes a moment later.
  for (const one of pods) await until(() => client.create(one).then(Boolean, () => false), `pod ${one.metadata.name}`, 20_000);
  for (const { metadata } of pods) {
    const phase = async (): Promise<unknown> =>
      (
        (await client.get({ apiVersion: 'v1', kind: 'Pod', namespace: metadata.namespace, name: metadata.name ?? '' }))?.status as
          | { phase?: string }
          | undefined
      )?.phase;
    await until(async () => (await phase()) === 'Running', `pod ${metadata.name} runs`, 20_000);
  }
}
