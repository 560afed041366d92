import type { KubeClient } from './client.ts';
import type { KubeResource } from './discovery.ts';
import { KubeError } from './error.ts';
import type { KubeObject } from './object.ts';
import { resourceName, resourcePath } from './path.ts';

export interface ListOptions {
  /** Absent: all namespaces. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Objects of one page. Default: 500. */
  limit?: number;
  signal?: AbortSignal | undefined;
  /** Objects without spec and status: names, labels, annotations, owners. */
  metadataOnly?: boolean;
}

export interface KubeList {
  items: KubeObject[];
  /** Where a watch goes on. */
  resourceVersion: string;
}

interface Page {
  metadata?: { continue?: string; resourceVersion?: string };
  items?: KubeObject[] | null;
}

const pageSize = 500;

/** How often a list that takes too long starts again, before the rest is asked for as it is now. */
const maxRestarts = 2;

/** Servers of other APIs may know the whole form only. */
const metadataAccept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io, application/json';

/**
 * All objects of a kind, page by page, as they were at one moment. The server keeps that moment for some minutes: when it is over, the
 * list starts again.
 */
export async function listObjects(client: KubeClient, resource: KubeResource, options: ListOptions): Promise<KubeList> {
  for (let restarts = 0; ; restarts++) {
    try {
      return await listPages(client, resource, options);
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 410 || restarts >= maxRestarts) throw error;
    }
  }
}

async function listPages(client: KubeClient, resource: KubeResource, options: ListOptions): Promise<KubeList> {
  const { namespace, labelSelector, fieldSelector, limit = pageSize, signal, metadataOnly } = options;
  const items: KubeObject[] = [];
  let token: string | undefined;
  for (;;) {
    const page: Page = await client.request<Page>(resourcePath(resource, namespace), {
      query: { labelSelector, fieldSelector, limit, continue: token },
      signal,
      purpose: listPurpose(resource, namespace),
      ...(metadataOnly ? { accept: metadataAccept } : {}),
    });
    for (const item of page.items ?? []) {
      // The items of a list do not say their kind; those of metadata say that they are metadata.
      item.apiVersion = resource.apiVersion;
      item.kind = resource.kind;
      items.push(item);
    }
    token = page.metadata?.continue || undefined;
    if (token === undefined) return { items, resourceVersion: page.metadata?.resourceVersion ?? '' };
  }
}

function listPurpose(resource: KubeResource, namespace: string | undefined): string {
  const where = resource.namespaced ? (namespace ? ` in namespace ${namespace}` : ' in all namespaces') : '';
  return `list ${resourceName(resource)}${where}`;
}
