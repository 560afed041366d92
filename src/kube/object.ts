import type { ObjectMeta, RawObject } from '../manifest/resource.ts';

/** Metadata as the API server keeps it. */
export interface KubeMeta extends ObjectMeta {
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: ManagedFields[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** What one field manager set, in the form of server-side apply. */
export interface ManagedFields {
  manager: string;
  operation: 'Apply' | 'Update';
  subresource?: string;
  time?: string;
  fieldsV1?: Record<string, unknown>;
}

/** An object as the API server has it, or as it is sent there. */
export interface KubeObject extends RawObject {
  metadata: KubeMeta;
}

/** What names an object in a cluster. */
export interface ObjectRef {
  apiVersion: string;
  kind: string;
  /** Empty or absent for kinds without namespaces. */
  namespace?: string | undefined;
  name: string;
}

/** `Kind namespace/name`, or `Kind name` without a namespace. */
export function refText({ kind, namespace, name }: ObjectRef): string {
  return namespace ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;
}

export function refOf({ apiVersion, kind, metadata }: KubeObject): ObjectRef {
  return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name ?? '' };
}

/** An object without what only server-side apply needs, which is often half of it. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
