import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { KubeObject } from '../../kube/object.ts';
import { apiKind } from '../../manifest/kinds.ts';
import { loadSource } from '../../manifest/load.ts';
import { Resource } from '../../manifest/resource.ts';
import { Mesh } from '../../model/mesh.ts';
import { defaultMeshConfig } from '../../model/mesh-config.ts';
import { decodeResource } from '../../pipeline/decode-resource.ts';
import { routingTable, viewKey } from '../../translate/table.ts';
import { gatewayNames, gatewayOfResource, namedProxy, sidecarOf } from '../../translate/workload-identity.ts';
import { strip } from './strip.ts';
import { meshKinds } from './watched-kinds.ts';

const folder = join(import.meta.dirname, '../../../test/meshes');

/** A pod and a node as a cluster has them. */
const ofCluster = `
apiVersion: v1
kind: Node
metadata:
  name: node1
  labels: { topology.kubernetes.io/region: r1, topology.kubernetes.io/zone: z1, kubernetes.io/hostname: node1 }
spec: { podCIDR: 10.0.0.0/24 }
status: { nodeInfo: { kubeletVersion: v1.33.1, osImage: linux }, capacity: { cpu: '2' }, images: [{ names: [a], sizeBytes: 1 }] }
---
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop, annotations: { kubectl.kubernetes.io/last-applied-configuration: '{}', networking.istio.io/exportTo: '*' } }
spec: { clusterIP: 10.96.0.9, selector: { app: cart }, ports: [{ name: http, port: 80, targetPort: web }] }
status: { loadBalancer: { ingress: [{ ip: 10.1.1.1 }] } }
---
apiVersion: v1
kind: Pod
metadata:
  name: cart-1
  namespace: shop
  labels: { app: cart, version: v1, pod-template-hash: x }
  ownerReferences: [{ apiVersion: apps/v1, kind: ReplicaSet, name: cart-x, uid: u, controller: true }]
spec:
  nodeName: node1
  serviceAccountName: carts
  containers:
    - name: app
      image: shop/cart:1
      env: [{ name: A, value: b }]
      ports: [{ name: web, containerPort: 8080 }]
      volumeMounts: [{ name: v, mountPath: /v }]
  initContainers: [{ name: istio-proxy, image: proxy:1, restartPolicy: Always, args: [proxy] }]
  volumes: [{ name: v, emptyDir: {} }]
  tolerations: [{ key: a }]
status:
  phase: Running
  podIP: 10.0.0.7
  podIPs: [{ ip: 10.0.0.7 }]
  conditions: [{ type: Initialized, status: 'True' }, { type: Ready, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }]
  containerStatuses: [{ name: app, ready: true, restartCount: 3 }]
---
apiVersion: v1
kind: Pod
metadata: { name: cart-2, namespace: shop, labels: { app: cart } }
spec: { nodeName: node1, containers: [{ name: app, ports: [{ name: web, containerPort: 8081 }] }] }
status: { phase: Running, podIP: 10.0.0.8, conditions: [{ type: Ready, status: 'False' }] }
`;

const samples: readonly (readonly [string, string])[] = [
  ['pods, nodes and services of a cluster', ofCluster],
  ...readdirSync(folder).map((file): [string, string] => [file, readFileSync(join(folder, file), 'utf8')]),
];

function meshOf(text: string, made: (resource: Resource) => Resource = (resource) => resource): Mesh {
  const { resources } = loadSource({ name: 'mesh.yaml', text, json: false }, { defaultNamespace: 'default' });
  const kept = resources.filter((resource) => decodeResource(resource, [], [])).map(made);
  return new Mesh(kept, {
    assume: 'complete',
    istioNamespace: 'istio-system',
    templates: false,
    knownHosts: [],
    now: new Date(0),
    meshConfig: defaultMeshConfig('istio-system'),
  });
}

function tablesOf(mesh: Mesh): unknown[] {
  const namespaces = new Set([...mesh.list('Service'), ...mesh.list('VirtualService'), ...mesh.list('Pod')].map(({ namespace }) => namespace));
  const gateways = gatewayNames(mesh).map((name) => gatewayOfResource(mesh, ...(name.split('/') as [string, string])));
  const pods = mesh.list('Pod').map(({ namespace, name }) => sidecarOf(mesh, namespace, name));
  return [...[...namespaces].map((namespace) => namedProxy('sidecar', namespace, '')), ...gateways, ...pods]
    .filter((proxy) => proxy !== undefined)
    .map((proxy) => [viewKey(mesh, proxy), routingTable(mesh, proxy)]);
}

it.each(samples)('what is dropped of objects changes no table: %s', (_, text) => {
  const stripped = ({ raw, kindName, namespace }: Resource): Resource =>
    new Resource(
      strip(kindName, { ...raw, metadata: { ...raw.metadata, managedFields: [{ manager: 'x', operation: 'Apply' }] } } as KubeObject),
      kindName,
      namespace,
      undefined,
    );
  const tables = tablesOf(meshOf(text));
  expect(tables.length).toBeGreaterThan(0);
  expect(tablesOf(meshOf(text, stripped))).toEqual(tables);
});

it.each(samples)('tables read nothing that is not watched: %s', (_, text) => {
  const mesh = meshOf(text);
  const read = new Set<string>();
  mesh.observer = (kind) => read.add(kind);
  tablesOf(mesh);
  // The configuration is in a ConfigMap, and the cluster makes EndpointSlices of Endpoints.
  expect([...read].filter((kind) => !meshKinds.includes(kind)).filter((kind) => !['MeshConfig', 'MeshNetworks', 'Endpoints'].includes(kind))).toEqual([]);
});

it('all that is watched can be found in a cluster, and no Secret is among it', () => {
  expect(meshKinds.filter((kind) => apiKind(kind) === undefined)).toEqual([]);
  expect(meshKinds).not.toContain('Secret');
  expect(meshKinds).toEqual(expect.arrayContaining(['VirtualService', 'AuthorizationPolicy', 'EndpointSlice', 'gateway-api/HTTPRoute', 'Pod']));
});

it('most of a pod, of a node, and of what kubectl remembers is dropped', () => {
  const { resources } = loadSource({ name: 'mesh.yaml', text: ofCluster, json: false }, { defaultNamespace: 'default' });
  const [node, service, pod] = resources.map(({ kindName, raw }) => strip(kindName, raw as KubeObject));
  expect(node).toMatchObject({ status: { nodeInfo: { kubeletVersion: 'v1.33.1' } } });
  expect(JSON.stringify(node)).not.toMatch(/podCIDR|capacity|osImage/);
  expect(service?.metadata.annotations).toEqual({ 'networking.istio.io/exportTo': '*' });
  expect(pod?.spec).toEqual({
    nodeName: 'node1',
    serviceAccountName: 'carts',
    containers: [{ name: 'app', image: 'shop/cart:1', ports: [{ name: 'web', containerPort: 8080 }] }],
    initContainers: [{ name: 'istio-proxy', image: 'proxy:1' }],
  });
  expect(pod?.status).toEqual({ phase: 'Running', podIP: '10.0.0.7', conditions: [{ type: 'Ready', status: 'True' }] });
});

it('webhook configurations keep what tells whom they call', () => {
  const webhooks = [{ name: 'a', clientConfig: { service: { name: 's', namespace: 'n' }, caBundle: 'x' }, rules: [{}] }];
  const stripped = strip('MutatingWebhookConfiguration', {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'x' },
    webhooks,
  });
  expect(stripped.webhooks).toEqual([{ name: 'a', clientConfig: webhooks[0]?.clientConfig }]);
});
