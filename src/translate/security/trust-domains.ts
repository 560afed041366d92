import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import { trustDomainOf } from '../../model/mesh-config.ts';

/** Of the mesh: its own, then its aliases. */
export function trustDomainsOf(meshConfig: MeshConfig): string[] {
  return [trustDomainOf(meshConfig), ...(meshConfig.trustDomainAliases ?? [])];
}
