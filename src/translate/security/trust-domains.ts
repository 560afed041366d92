import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';

/** Of the mesh: its own, then its aliases. */
export function trustDomainsOf({ trustDomain, trustDomainAliases }: MeshConfig): string[] {
  return [trustDomain || 'cluster.local', ...(trustDomainAliases ?? [])];
}
