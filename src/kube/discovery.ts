import type { KubeClient } from './client.ts';
import { KubeError } from './error.ts';

/** A kind that the cluster serves, at one version. */
export interface KubeResource {
  /** Empty for the core group. */
  group: string;
  version: string;
  kind: string;
  /** Its name in paths: `virtualservices`. */
  plural: string;
  namespaced: boolean;
  verbs: readonly string[];
  /** `GROUP/VERSION`, or the version alone for the core group. */
  apiVersion: string;
}

const aggregated = ['v2', 'v2beta1'].map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`);
const accept = [...aggregated, 'application/json'].join(', ');

/** APIGroupDiscoveryList of apidiscovery.k8s.io, as far as it is needed. */
interface GroupDiscoveryList {
  kind: 'APIGroupDiscoveryList';
  items?: {
    metadata?: { name?: string };
    versions?: {
      version: string;
      resources?: { resource: string; responseKind?: { kind?: string }; scope?: string; verbs?: string[] }[];
    }[];
  }[];
}

interface GroupList {
  kind: 'APIGroupList';
  groups?: { name: string; versions?: { groupVersion: string }[]; preferredVersion?: { groupVersion: string } }[];
}

interface Versions {
  kind: 'APIVersions';
  versions?: string[];
}

interface ResourceList {
  resources?: { name: string; kind: string; namespaced?: boolean; verbs?: string[]; group?: string; version?: string }[];
}

/**
 * All kinds that the cluster serves, without subresources: two requests, or one for each group and version from servers before 1.27.
 * The preferred version of a group comes first. Groups whose own server (an APIService) does not answer are left out.
 */
export async function discover(client: KubeClient): Promise<readonly KubeResource[]> {
  const purpose = 'ask which kinds the cluster has';
  const [core, groups] = await Promise.all([
    client.request<GroupDiscoveryList | Versions>('/api', { accept, purpose }),
    client.request<GroupDiscoveryList | GroupList>('/apis', { accept, purpose }),
  ]);
  const parts = await Promise.all([
    core.kind === 'APIGroupDiscoveryList'
      ? ofGroups(core)
      : Promise.all((core.versions ?? []).map((version) => ofVersion(client, version))).then((found) => found.flat()),
    groups.kind === 'APIGroupDiscoveryList'
      ? ofGroups(groups)
      : Promise.all(versionsOf(groups).map((name) => ofVersion(client, name))).then((all) => all.flat()),
  ]);
  return parts.flat();
}

function ofGroups({ items }: GroupDiscoveryList): KubeResource[] {
  const found: KubeResource[] = [];
  for (const { metadata, versions } of items ?? []) {
    const group = metadata?.name ?? '';
    for (const { version, resources } of versions ?? []) {
      const apiVersion = group ? `${group}/${version}` : version;
      for (const { resource, responseKind, scope, verbs } of resources ?? [])
        if (responseKind?.kind)
          found.push({ group, version, kind: responseKind.kind, plural: resource, namespaced: scope === 'Namespaced', verbs: verbs ?? [], apiVersion });
    }
  }
  return found;
}

function versionsOf({ groups }: GroupList): string[] {
  return (groups ?? []).flatMap(({ versions, preferredVersion }) => {
    const names = (versions ?? []).map(({ groupVersion }) => groupVersion);
    const first = preferredVersion?.groupVersion;
    return first !== undefined && names.includes(first) ? [first, ...names.filter((name) => name !== first)] : names;
  });
}

async function ofVersion(client: KubeClient, apiVersion: string): Promise<KubeResource[]> {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  let list: ResourceList;
  try {
    list = await client.request<ResourceList>(group ? `/apis/${apiVersion}` : `/api/${apiVersion}`, { purpose: `ask which kinds ${apiVersion} has` });
  } catch (error) {
    // The server of another API does not run, or went between two requests.
    if (error instanceof KubeError && (error.status === 404 || error.status >= 500)) return [];
    throw error;
  }
  return (list.resources ?? []).flatMap(({ name, kind, namespaced, verbs }): KubeResource[] =>
    name.includes('/') ? [] : [{ group, version, kind, plural: name, namespaced: namespaced ?? false, verbs: verbs ?? [], apiVersion }],
  );
}
