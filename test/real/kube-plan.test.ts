// Plans compare as the API server merges: by the same keys, whatever is installed.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isAtomicMap, listKind } from '../../src/install/diff/list-keys.ts';
import type { FieldPath } from '../../src/install/diff/path.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { weft } from '../kube/weft.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const available = await clusterAvailable();

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  type?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-group-version-kind'?: object[];
}

let cluster: TestCluster;
let client: KubeClient;

beforeAll(async () => {
  if (!available) return;
  cluster = await startCluster({ workloads: false });
  client = await connect({ kubeconfig: cluster.kubeconfig });
});

afterAll(async () => {
  client?.close();
  await cluster?.stop();
});

/** Volumes of storage and what only nodes set are never installed. */
const notInstalled =
  /\.(volumes\.\{\}\.(?!configMap|emptyDir|downwardAPI|projected|secret)\w+|ephemeralContainers|fileKeyRef|restartPolicyRules)\b|^Namespace spec\.finalizers/;
/** Of definitions, versions are one value, with all that is in them; nobody but the API server sets their finalizers. */
const ofDefinitions = /^(?:CustomResourceDefinition (?:metadata\.|spec\.versions\.))/;

/** Each place where the table says something else. */
function differences(kind: string, schemas: Readonly<Record<string, Schema>>): string[] {
  const found = new Set<string>();
  const report = (path: FieldPath, theirs: string, ours: string): void => {
    const place = `${kind} ${path.map((segment) => (typeof segment === 'object' ? '{}' : segment)).join('.')}`;
    if (theirs !== ours && !notInstalled.test(place) && !ofDefinitions.test(place)) found.add(`${place}: ${theirs}, not ${ours}`);
  };
  const walk = (schema: Schema, path: FieldPath, within: readonly string[]): void => {
    if (path[0] === 'status') return;
    const name = (schema.$ref ?? schema.allOf?.[0]?.$ref)?.split('/').pop();
    if (name !== undefined && within.includes(name)) return;
    const resolved = name === undefined ? schema : { ...schemas[name], ...schema };
    const inside = name === undefined ? within : [...within, name];
    if (resolved.type === 'array') {
      const { 'x-kubernetes-list-type': type = 'atomic', 'x-kubernetes-list-map-keys': keys } = resolved;
      const ours = listKind(kind, path);
      report(path, type === 'map' ? `by ${keys}` : type, typeof ours === 'string' ? ours : `by ${ours.keys}`);
      if (resolved.items) walk(resolved.items, [...path, type === 'map' ? { key: '' } : 0], inside);
      return;
    }
    const isAtomic = resolved['x-kubernetes-map-type'] === 'atomic';
    // Within a list that is one value, all is.
    const isInside = path.some((segment) => typeof segment === 'number');
    if ((resolved.properties || resolved.additionalProperties) && !isInside && typeof path.at(-1) === 'string')
      report(path, isAtomic ? 'atomic' : 'granular', isAtomicMap(path) ? 'atomic' : 'granular');
    if (!isAtomic) for (const [field, inner] of Object.entries(resolved.properties ?? {})) walk(inner, [...path, field], inside);
  };
  const [, root] = Object.entries(schemas).find(([name, schema]) => name.endsWith(`.${kind}`) && schema['x-kubernetes-group-version-kind']) ?? [];
  if (!root) throw new Error(`the API server does not describe ${kind}`);
  walk(root, [], []);
  return [...found];
}

describe.runIf(available)('plans', () => {
  test.each([
    ['api/v1', ['Namespace', 'ServiceAccount', 'ConfigMap', 'Service']],
    ['apis/apps/v1', ['Deployment']],
    ['apis/rbac.authorization.k8s.io/v1', ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding']],
    ['apis/autoscaling/v2', ['HorizontalPodAutoscaler']],
    ['apis/policy/v1', ['PodDisruptionBudget']],
    ['apis/networking.k8s.io/v1', ['NetworkPolicy']],
    ['apis/admissionregistration.k8s.io/v1', ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']],
    ['apis/apiextensions.k8s.io/v1', ['CustomResourceDefinition']],
  ])('the table of keys says what the API server says of %s', async (group, kinds) => {
    const { components } = await client.request<{ components: { schemas: Record<string, Schema> } }>(`/openapi/v3/${group}`);
    expect(kinds.flatMap((kind) => differences(kind, components.schemas))).toEqual([]);
  });

  test('nothing changes after all that values can ask for was applied', async () => {
    const file = `
proxy: { engine: envoy }
controller:
  statusConditions: true
  priorityClassName: system-cluster-critical
  nodeSelector: { kubernetes.io/os: linux }
  tolerations: [{ key: mesh, operator: Exists }]
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: kubernetes.io/os, operator: In, values: [linux] }] }] }
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - { weight: 1, podAffinityTerm: { topologyKey: kubernetes.io/hostname, labelSelector: { matchLabels: { app: weft-controller } } } }
  resources: { requests: { cpu: 1500m, memory: 1024Mi }, limits: { cpu: 2000m, memory: 2048Mi } }
  env: { A: "" }
  podAnnotations: { a: "true" }
  serviceAnnotations: { a: b }
image: { pullSecrets: [registry] }
injector: { enableNamespacesByDefault: true }
gateways:
  - name: istio-egressgateway
    enabled: true
    maxReplicas: 0
  - name: istio-ingressgateway
    service: { externalTrafficPolicy: Local, loadBalancerIP: 192.0.2.1, ports: [{ name: http2, port: 80, targetPort: 80, nodePort: 30080 }] }
`;
    const args = ['install', '-y', '--no-wait', '-f', '-'];
    await weft(args, { kubeconfig: cluster.kubeconfig, input: file });
    expect((await weft(args, { kubeconfig: cluster.kubeconfig, input: file })).stderr).toContain('✔ Nothing to change');
    // What is one value changes as one: an item that has less is not the same.
    const { stdout } = await weft(['install', '--dry-run', '-f', '-'], {
      kubeconfig: cluster.kubeconfig,
      input: file.replace(', operator: Exists', ', value: x'),
    });
    expect(stdout).toContain('spec.template.spec.tolerations');
  });
});
