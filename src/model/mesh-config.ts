import { isMap } from '../manifest/is-map.ts';
import type { MeshConfig } from '../manifest/istio/mesh.gen.ts';

/** Of the mesh; identities of workloads begin with it. */
export function trustDomainOf({ trustDomain }: Pick<MeshConfig, 'trustDomain'>): string {
  return trustDomain || 'cluster.local';
}

/** What a mesh has when nothing is said, as far as weft reads it. */
export function defaultMeshConfig(istioNamespace: string): MeshConfig {
  return {
    rootNamespace: istioNamespace,
    trustDomain: 'cluster.local',
    accessLogFile: '',
    enableAutoMtls: true,
    outboundTrafficPolicy: { mode: 'ALLOW_ANY' },
    defaultServiceExportTo: ['*'],
    defaultVirtualServiceExportTo: ['*'],
    defaultDestinationRuleExportTo: ['*'],
    defaultConfig: { proxyMetadata: {} },
  };
}

/** Lays one configuration over another: maps merge, everything else is replaced. */
export function mergeMeshConfig(base: MeshConfig, over: MeshConfig): MeshConfig {
  return mergeMaps(base as Record<string, unknown>, over as Record<string, unknown>) as MeshConfig;
}

function mergeMaps(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = out[key];
    out[key] = isMap(old) && isMap(value) ? mergeMaps(old, value) : value;
  }
  return out;
}
