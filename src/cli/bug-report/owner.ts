import type { KubeObject } from '../../kube/object.ts';

/** Name of the Deployment, StatefulSet … that made a pod; empty for one that nothing made. */
export function ownerOf({ metadata }: KubeObject): string {
  const [owner] = metadata.ownerReferences ?? [];
  if (!owner) return '';
  const hash = metadata.labels?.['pod-template-hash'];
  // A ReplicaSet is named after its Deployment and what the template's hash is.
  return owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`) ? owner.name.slice(0, -hash.length - 1) : owner.name;
}
