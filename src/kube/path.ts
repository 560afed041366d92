import type { KubeResource } from './discovery.ts';
import { KubeError } from './error.ts';

/** Parameters of a request; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `networking.istio.io/v1` in parts; the core group is the empty one. */
export function splitApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? { group: '', version: apiVersion } : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** `/api/v1/namespaces/shop/services/cart`, `/apis/GROUP/VERSION/PLURAL`. */
export function resourcePath(resource: KubeResource, namespace: string | undefined, name?: string, subresource?: string): string {
  const { group, version, plural, namespaced } = resource;
  for (const part of [namespace, name]) checkName(part);
  const parts = [group ? `/apis/${group}/${version}` : `/api/${version}`];
  if (namespaced && namespace) parts.push('namespaces', encodeURIComponent(namespace));
  parts.push(plural);
  if (name !== undefined) parts.push(encodeURIComponent(name));
  if (subresource) parts.push(subresource);
  return parts.join('/');
}

/** @throws KubeError 'Invalid' for what would make a path to something else */
function checkName(name: string | undefined): void {
  if (name === '.' || name === '..') throw new KubeError(`${name} is no name of an object`, { reason: 'Invalid' });
}

export function withQuery(path: string, query: Query | undefined): string {
  const text = new URLSearchParams(
    Object.entries(query ?? {}).flatMap(([key, value]): [string, string][] => (value === undefined ? [] : [[key, String(value)]])),
  ).toString();
  if (!text) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${text}`;
}

/** `virtualservices.networking.istio.io`, as RBAC and kubectl name it. */
export function resourceName({ plural, group }: KubeResource): string {
  return group ? `${plural}.${group}` : plural;
}
