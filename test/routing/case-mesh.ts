// The mesh of a recorded case, and the proxy for which it was recorded.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProxyIdentity } from '../../src/ir/table.ts';
import type { MeshConfig } from '../../src/manifest/istio/mesh.gen.ts';
import { loadSource } from '../../src/manifest/load.ts';
import { Mesh } from '../../src/model/mesh.ts';
import { defaultMeshConfig, mergeMeshConfig } from '../../src/model/mesh-config.ts';
import { decodeMessage } from '../../src/schema/decode.ts';
import { specMessage } from '../../src/schema/messages.ts';
import { type RoutingCase, readCase } from './corpus.ts';
import { layOut } from './layout.ts';

/** Beside the checkout. */
export const conformance = join(import.meta.dirname, '../../../shared/conformance');

export interface LoadedMesh {
  mesh: Mesh;
  /** As the workload itself was seen by the recorder: its Kubernetes did not fill in target ports, so ports without one were of no workload. */
  inboundMesh: Mesh;
  proxy: ProxyIdentity;
}

/** Resources as the tool reads them; what is wrong with them is left out. */
export function meshOfManifests(manifests: readonly string[], meshConfig: MeshConfig, defaultNamespace: string): Mesh {
  const resources = manifests.flatMap((text, i) => loadSource({ name: `${i}.yaml`, text, json: false }, { defaultNamespace }).resources);
  const decoded = resources.filter(({ kindName, raw }) => {
    const message = specMessage[kindName];
    return !message || !raw.spec || decodeMessage(message, raw.spec, ['spec']).errors.length === 0;
  });
  return new Mesh(decoded, {
    assume: 'complete',
    istioNamespace: 'istio-system',
    templates: false,
    knownHosts: [],
    now: new Date('2025-06-01T00:00:00Z'),
    meshConfig: mergeMeshConfig(defaultMeshConfig('istio-system'), meshConfig),
  });
}

function identity(role: ProxyIdentity['role'], namespace: string, labels: Record<string, string>, locality: string, address: string): ProxyIdentity {
  const [region = '', zone = '', subzone = ''] = locality.split('/');
  return { role, namespace, name: '', labels, serviceAccount: '', locality: { region, zone, subzone }, addresses: address === '' ? [] : [address] };
}

export function meshOfCase(routingCase: RoutingCase): LoadedMesh {
  const layout = layOut(routingCase);
  const mesh = meshOfManifests([layout.registry, routingCase.manifests], layout.mesh as MeshConfig, 'default');
  return {
    mesh,
    inboundMesh: mesh,
    proxy: identity(routingCase.role === 'gateway' ? 'gateway' : 'sidecar', layout.namespace, layout.labels, layout.locality ?? '', layout.address),
  };
}

/** The case of a recorded configuration, in either of the two folders; undefined where it has none. */
export function caseOfDump(id: string): RoutingCase | undefined {
  const file = ['routing', 'roles'].map((folder) => join(conformance, folder, `${id}.yaml`)).find((candidate) => existsSync(candidate));
  return file === undefined ? undefined : readCase(file);
}

/** A mesh of `envoy/`: `mesh-3`. */
export function meshOfDump(id: string): LoadedMesh {
  const read = (suffix: string): string => {
    const file = join(conformance, 'envoy', `${id}.${suffix}`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  const proxy = JSON.parse(read('proxy.json') || '{}') as { namespace?: string; labels?: Record<string, string>; ip?: string; locality?: string };
  // To the recorder's parser of YAML a plain `off` was a text, as to YAML 1.2.
  const manifests = [read('yaml').replaceAll('{name: off,', '{name: "off",'), read('k8s')];
  const withTargets = manifests.map((text) => text.replace(/\{name: [\w-]+, port: \d+\},?/g, ''));
  return {
    mesh: meshOfManifests(manifests, {}, 'default'),
    inboundMesh: meshOfManifests(withTargets, {}, 'default'),
    proxy: identity('sidecar', proxy.namespace ?? 'default', proxy.labels ?? {}, proxy.locality ?? '', proxy.ip ?? '1.1.1.1'),
  };
}
