import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import { revisionLabel } from '../../model/injection.ts';
import { isMap } from '../../model/untyped.ts';
import { referenceVersion, version } from '../version.ts';
import type { KindOfCluster, ReadCluster } from './read-cluster.ts';

/** Of what everything is: this program, the cluster, its nodes, control planes, proxies, and the kinds of the mesh. */
export async function versionsOf(client: KubeClient | undefined, cluster: ReadCluster | undefined): Promise<Record<string, unknown>> {
  const own = { weft: version, reference: `Istio ${referenceVersion}`, node: process.version, platform: `${process.platform} ${process.arch}` };
  if (!client || !cluster) return own;
  const server = await client.version().then(
    ({ gitVersion }) => gitVersion,
    (error: Error) => `not known: ${error.message}`,
  );
  const pods = objectsOf(cluster.kinds, 'Pod');
  return {
    ...own,
    cluster: { context: client.context, server: client.server, version: server },
    nodes: objectsOf(cluster.kinds, 'Node').map(({ metadata, status }) => ({ name: metadata.name, ...nodeInfo(status) })),
    controlPlanes: pods
      .filter(({ metadata }) => ['istiod', 'weft-controller'].includes(metadata.labels?.app ?? ''))
      .map(({ metadata, spec }) => ({
        pod: `${metadata.namespace}/${metadata.name}`,
        revision: metadata.labels?.[revisionLabel] ?? 'default',
        images: imagesOf(spec),
      })),
    proxies: counted(pods.flatMap(({ spec }) => imagesOf(spec, 'istio-proxy'))),
    kinds: objectsOf(cluster.kinds, 'CustomResourceDefinition').map(({ metadata, spec }) => ({
      name: metadata.name,
      versions: ((spec as { versions?: { name: string }[] }).versions ?? []).map(({ name }) => name),
    })),
  };
}

function objectsOf(kinds: readonly KindOfCluster[], kind: string): readonly KubeObject[] {
  return kinds.filter((one) => one.kind === kind).flatMap(({ objects }) => objects);
}

function nodeInfo(status: unknown): Record<string, unknown> {
  const info = isMap(status) && isMap(status.nodeInfo) ? status.nodeInfo : {};
  const { kubeletVersion, containerRuntimeVersion, kernelVersion, osImage, architecture } = info;
  return { kubeletVersion, containerRuntimeVersion, kernelVersion, osImage, architecture };
}

function imagesOf(spec: unknown, name?: string): string[] {
  const { containers = [], initContainers } = (spec ?? {}) as {
    containers?: { name?: string; image?: string }[];
    initContainers?: { name?: string; image?: string }[] | null;
  };
  return [...containers, ...(initContainers ?? [])].filter((one) => name === undefined || one.name === name).map(({ image = '' }) => image);
}

function counted(images: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const image of [...images].sort()) counts[image] = (counts[image] ?? 0) + 1;
  return counts;
}
