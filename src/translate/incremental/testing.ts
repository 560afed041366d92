// Random meshes that change step by step.
import fc, { type Arbitrary } from 'fast-check';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import { Resource } from '../../manifest/resource.ts';
import { Mesh, type MeshOptions } from '../../model/mesh.ts';
import { defaultMeshConfig, mergeMeshConfig } from '../../model/mesh-config.ts';
import { proxyIn } from '../clusters/testing.ts';
import { extensionProviders } from '../security/testing.ts';
import { randomObject, resourceOf, type TestObject } from './random/testing.ts';

/** One change of a mesh: objects that come or take the place of those with their names, objects that go, another mesh configuration. */
export interface Step {
  put: readonly TestObject[];
  /** Places in the list of objects, which is as long as it takes. */
  remove: readonly number[];
  meshConfig?: MeshConfig;
}

const providers = extensionProviders('shop/a.shop.svc.cluster.local', 'b.shop.svc.cluster.local');

const meshConfigs: Arbitrary<MeshConfig> = fc.constantFrom<MeshConfig>(
  {},
  { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } },
  { defaultVirtualServiceExportTo: ['.'] },
  { defaultDestinationRuleExportTo: ['.'] },
  { defaultServiceExportTo: ['.'] },
  { localityLbSetting: { distribute: [{ from: 'r1/*', to: { 'r1/*': 100 } }] } },
  { enableAutoMtls: false },
  { proxyHttpPort: 15080 },
  { accessLogFile: '/dev/stdout' },
  { extensionProviders: providers },
  { extensionProviders: providers, trustDomain: 'new.example', trustDomainAliases: ['old.example'] },
);

export const randomSteps: Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.array(randomObject, { minLength: 1, maxLength: 2 }).map((put) => ({ put, remove: [] })) },
    { weight: 3, arbitrary: fc.nat(1000).map((place) => ({ put: [], remove: [place] })) },
    { weight: 1, arbitrary: meshConfigs.map((meshConfig) => ({ put: [], remove: [], meshConfig })) },
  ),
  { minLength: 2, maxLength: 8 },
);

export const testProxies: readonly ProxyIdentity[] = [
  proxyIn('shop', { name: 'a-1', labels: { app: 'a', version: 'v1' }, addresses: ['10.1.0.1'], locality: 'r1/z1', serviceAccount: 'one' }),
  proxyIn('shop', { name: 'b-1', labels: { app: 'b', version: 'v2' }, addresses: ['10.1.0.2'], locality: 'r2/z1' }),
  proxyIn('pay', { name: 'x', labels: { app: 'a' }, addresses: ['10.1.0.9'] }),
  proxyIn('pay'),
  proxyIn('shop', { role: 'gateway', name: 'g', labels: { istio: 'ingress', 'gateway.networking.k8s.io/gateway-name': 'api' }, addresses: ['10.1.0.8'] }),
];

function optionsWith(meshConfig: MeshConfig): MeshOptions {
  const merged = mergeMeshConfig(defaultMeshConfig('istio-system'), meshConfig);
  return { assume: 'complete', istioNamespace: 'istio-system', templates: false, knownHosts: [], now: new Date(0), meshConfig: merged };
}

/** A mesh that changes, and the list of its resources. */
export class ChangingMesh {
  mesh: Mesh;
  resources: Resource[];

  constructor(given: readonly TestObject[]) {
    const byName = new Map(given.map((one) => [nameOf(one), resourceOf(one)]));
    this.resources = [...byName.values()];
    this.mesh = new Mesh(this.resources, optionsWith({ extensionProviders: providers }));
  }

  change({ put, remove, meshConfig }: Step): void {
    const changes: { before?: Resource; after?: Resource }[] = [];
    for (const one of put) {
      const after = resourceOf(one);
      const place = this.resources.findIndex((resource) => nameOf({ ...resource, kind: resource.kindName }) === nameOf(one));
      const before = this.resources[place];
      changes.push({ ...(before ? { before } : {}), after });
      if (before) this.resources = this.resources.with(place, after);
      else this.resources = [...this.resources, after];
    }
    for (const at of remove) {
      const before = this.resources[at % this.resources.length];
      if (!before) continue;
      changes.push({ before });
      this.resources = this.resources.filter((resource) => resource !== before);
    }
    this.mesh = this.mesh.with(changes, meshConfig ? { meshConfig: optionsWith(meshConfig).meshConfig } : {});
  }

  /** Resources that say the same in the same order, and nothing that was made of them before. */
  fromScratch(): Mesh {
    const copies = this.resources.map(({ raw, kindName, namespace: own }) => new Resource(structuredClone(raw), kindName, own, undefined));
    return new Mesh(copies, this.mesh.options);
  }
}

function nameOf({ kind, namespace: own, name }: Pick<TestObject, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${own}/${name}`;
}
