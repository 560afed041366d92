// What is rendered is what a real API server takes: definitions with their rules and columns, rights, and everything else.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { mergeValues } from '../../src/install/merge.ts';
import { profileNames } from '../../src/install/profiles.ts';
import { renderManifests } from '../../src/install/render/manifests.ts';
import type { RenderedObject } from '../../src/install/render/object.ts';
import { renderTag } from '../../src/install/render/revision-tag.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import { KubeError } from '../../src/kube/error.ts';
import { type KubeObject, refOf } from '../../src/kube/object.ts';
import { waitReady } from '../../src/kube/wait.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { contentOf } from '../kube/inventory.ts';
import { untilAccount } from '../kube/pods.ts';
import { until } from '../proxy/support.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const available = await clusterAvailable();

let cluster: TestCluster;
let client: KubeClient;

/** With everything that values can ask for. */
const everything = [
  'revision=canary',
  'proxy.engine=envoy',
  'controller.statusConditions=true',
  'controller.priorityClassName=system-cluster-critical',
  'controller.nodeSelector.kubernetes\\.io/os=linux',
  'controller.tolerations[0].key=mesh',
  'controller.tolerations[0].operator=Exists',
  'controller.env.A=a',
  'controller.podAnnotations.a=true',
  'controller.serviceAnnotations.a=b',
  'image.pullSecrets={registry}',
  'injector.enableNamespacesByDefault=true',
  'gateways[1].enabled=true',
  'gateways[0].service.externalTrafficPolicy=Local',
  'gateways[0].service.loadBalancerIP=192.0.2.1',
  'gateways[0].service.ports[1].targetPort=80',
  'gateways[0].service.ports[1].nodePort=30080',
];

function render(profile: string, ...set: string[]): RenderedObject[] {
  const { values, overrides, problems } = mergeValues({ files: [], set, profile });
  expect(problems).toEqual([]);
  return renderManifests(values, { weftVersion: '1.2.3', overrides });
}

async function apply(objects: readonly RenderedObject[]): Promise<void> {
  for (const { object } of objects) await client.apply(object);
}

/** What the API server says of an object that it refuses; undefined for one that it takes. */
async function refusal(object: KubeObject): Promise<string | undefined> {
  try {
    await client.apply(object, { dryRun: true });
    return undefined;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return error.message;
  }
}

beforeAll(async () => {
  if (!available) return;
  cluster = await startCluster();
  client = await connect({ kubeconfig: cluster.kubeconfig });
  await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-system' } });
  const definitions = render('default').filter(({ object }) => object.kind === 'CustomResourceDefinition');
  await apply(definitions);
  expect(
    await waitReady(
      client,
      definitions.map(({ object }) => object),
      { timeoutMs: 120_000 },
    ),
  ).toEqual([]);
});

afterAll(async () => {
  client?.close();
  await cluster?.stop();
});

describe.skipIf(!available)('objects', () => {
  test.each(profileNames)('of the profile %s are applied, and the second time nothing changes', async (profile) => {
    const objects = render(profile);
    await apply(objects);
    // What controllers tell in between is no change.
    const states = async (): Promise<string[]> => {
      const live = await Promise.all(objects.map(({ object }) => client.get(refOf(object))));
      return live.map((object) => (object ? contentOf(object) : 'not there'));
    };
    const before = await states();
    expect(before).not.toContain('not there');
    await apply(objects);
    expect(await states()).toEqual(before);
  });

  test('of all settings are what the API server takes, field by field', async () => {
    for (const { object } of [...render('demo', ...everything), ...render('default', ...everything)]) {
      const path = await client.resource(object.apiVersion, object.kind);
      const namespace = object.metadata.namespace ? `/namespaces/${object.metadata.namespace}` : '';
      const root = object.apiVersion.includes('/') ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
      await client.request(`${root}${namespace}/${path?.plural}/${object.metadata.name}`, {
        method: 'PATCH',
        query: { fieldManager: 'weft', force: true, dryRun: 'All', fieldValidation: 'Strict' },
        contentType: 'application/apply-patch+yaml',
        body: object,
      });
    }
  });

  test('of a tag are applied', async () => {
    const { values } = mergeValues({ files: [], set: ['revision=canary'] });
    await apply([...renderTag(values, 'prod', { weftVersion: '1.2.3' }), ...renderTag(values, 'default', { weftVersion: '1.2.3' })]);
    const resource = await client.resource('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration');
    expect(resource).toBeDefined();
    if (!resource) return;
    const { items } = await client.list(resource, { labelSelector: 'istio.io/tag=prod' });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['weft-revision-tag-prod']);
    // They would refuse every new pod of the tests that follow.
    for (const object of [...renderTag(values, 'prod', { weftVersion: '1' }), ...renderTag(values, 'default', { weftVersion: '1' })])
      await client.delete(refOf(object.object));
  });
});

interface Workload {
  metadata: { name: string };
  spec: { template: { metadata: object; spec: object } };
}

describe.skipIf(!available)('pods', () => {
  test('of all settings are allowed where the strictest standard for pods is enforced', async () => {
    await client.apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'strict', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
    const create = (name: string, { metadata, spec }: { metadata: object; spec: object }): Promise<unknown> => {
      const body = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec: { ...spec, serviceAccountName: 'default' } };
      return client.request('/api/v1/namespaces/strict/pods', { method: 'POST', query: { dryRun: 'All' }, body });
    };
    await untilAccount(client, 'strict');
    const workloads = [...render('demo', ...everything), ...render('default')].flatMap(({ object }) =>
      object.kind === 'Deployment' ? [object as unknown as Workload] : [],
    );
    expect(workloads).toHaveLength(5);
    for (const { metadata, spec } of workloads) await create(metadata.name, spec.template);
    // What is not allowed is refused.
    await expect(create('root', { metadata: {}, spec: { containers: [{ name: 'a', image: 'a' }] } })).rejects.toThrow('restricted');
  });
});

const mesh = (kind: string, apiVersion: string, spec: object): KubeObject => ({ apiVersion, kind, metadata: { name: 'test', namespace: 'default' }, spec });
const entry = (spec: object): KubeObject =>
  mesh('ServiceEntry', 'networking.istio.io/v1', {
    hosts: ['a.example.com'],
    ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
    resolution: 'DNS',
    ...spec,
  });
const route = (http: object): KubeObject =>
  mesh('VirtualService', 'networking.istio.io/v1', { hosts: ['a'], http: [{ route: [{ destination: { host: 'a' } }], ...http }] });

describe.skipIf(!available)('definitions', () => {
  // The validation webhook of an installation is not there, so it is the definition that refuses.
  beforeAll(async () => {
    await client.delete({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', name: 'weft-validator' });
  });

  test('have no conditions that tell of mistakes in them', async () => {
    for (const { object } of render('default').filter(({ object }) => object.kind === 'CustomResourceDefinition')) {
      const live = await client.get(refOf(object));
      const conditions = ((live?.status ?? { conditions: [] }) as { conditions: { type: string; status: string }[] }).conditions.map(
        ({ type, status }) => `${type}=${status}`,
      );
      expect([object.metadata.name, ...conditions.sort()]).toEqual([object.metadata.name, 'Established=True', 'NamesAccepted=True']);
    }
  });

  test.each<[string, KubeObject]>([
    ['a ServiceEntry', entry({})],
    ['one with addresses', entry({ addresses: ['10.0.0.0/8'], resolution: 'STATIC', endpoints: [{ address: '10.0.0.1' }] })],
    ['a VirtualService', route({ timeout: '1s' })],
    ['an older version', { ...route({}), apiVersion: 'networking.istio.io/v1alpha3' }],
    ['fields that nobody knows, where they may be', mesh('WasmPlugin', 'extensions.istio.io/v1alpha1', { url: 'oci://a/b', pluginConfig: { a: { b: [1] } } })],
  ])('take %s', async (_, object) => {
    expect(await refusal(object)).toBeUndefined();
  });

  test.each<[string, KubeObject, string]>([
    ['a range of addresses with DNS', entry({ addresses: ['10.0.0.0/8'] }), 'may have an address range such as 10.0.0.0/8 only with resolution STATIC or NONE'],
    ['endpoints without resolution', entry({ resolution: 'NONE', endpoints: [{ address: 'a' }] }), 'must not have endpoints with resolution NONE'],
    [
      'two endpoints with DNS_ROUND_ROBIN',
      entry({ resolution: 'DNS_ROUND_ROBIN', endpoints: [{ address: 'a' }, { address: 'b' }] }),
      'may have at most one endpoint',
    ],
    ['an endpoint without an address', entry({ endpoints: [{}] }), 'has to have an address, or a network whose gateway leads to it'],
    [
      'a port of 0',
      entry({
        ports: [
          { number: 80, name: 'a', protocol: 'HTTP' },
          { number: 0, name: 'b', protocol: 'HTTP' },
        ],
      }),
      'has to be a port from 1 to 65535',
    ],
    [
      'two ports of one number',
      entry({
        ports: [
          { number: 80, name: 'a', protocol: 'HTTP' },
          { number: 80, name: 'b', protocol: 'HTTP' },
        ],
      }),
      'must not have two items of the same number',
    ],
    ['no hosts', entry({ hosts: [] }), 'spec.hosts'],
    ['a duration that is too short', route({ timeout: '1us' }), 'has to be a duration of 1ms or more'],
    [
      'two destinations of which one may be',
      mesh('DestinationRule', 'networking.istio.io/v1', {
        host: 'a',
        trafficPolicy: { loadBalancer: { simple: 'RANDOM', consistentHash: { useSourceIp: true } } },
      }),
      'spec.trafficPolicy.loadBalancer',
    ],
    ['a word that is none of several', mesh('PeerAuthentication', 'security.istio.io/v1', { mtls: { mode: 'SOMETIMES' } }), 'spec.mtls.mode'],
    [
      'ports of a workload without a selector',
      mesh('PeerAuthentication', 'security.istio.io/v1', { portLevelMtls: { 80: { mode: 'STRICT' } } }),
      'may have portLevelMtls only with a selector',
    ],
  ])('refuse %s', async (_, object, said) => {
    expect(await refusal(object)).toContain(said);
  });

  test.each<[string, string, string[]]>([
    ['virtualservices', 'networking.istio.io/v1', ['Name', 'Gateways', 'Hosts', 'Age']],
    ['serviceentries', 'networking.istio.io/v1', ['Name', 'Hosts', 'Location', 'Resolution', 'Age']],
    ['destinationrules', 'networking.istio.io/v1beta1', ['Name', 'Host', 'Age']],
    ['authorizationpolicies', 'security.istio.io/v1', ['Name', 'Action', 'Age']],
  ])('show columns of %s', async (plural, apiVersion, columns) => {
    const table = await client.request<{ columnDefinitions: { name: string }[] }>(`/apis/${apiVersion}/namespaces/default/${plural}`, {
      accept: 'application/json;as=Table;g=meta.k8s.io;v=v1',
    });
    expect(table.columnDefinitions.map(({ name }) => name)).toEqual(columns);
  });
});

describe.skipIf(!available)('the control plane', () => {
  beforeAll(() => apply(render('default').filter(({ object }) => /Role|ServiceAccount/.test(object.kind))));

  test.each<[boolean, string, string, string, string?, string?]>([
    [true, 'list', 'networking.istio.io', 'virtualservices'],
    [true, 'watch', '', 'pods'],
    [true, 'watch', 'discovery.k8s.io', 'endpointslices'],
    [true, 'get', '', 'configmaps', 'istio-system', 'istio-sidecar-injector'],
    [false, 'get', '', 'configmaps', 'istio-system', 'other'],
    [true, 'create', '', 'secrets', 'istio-system'],
    [true, 'get', '', 'secrets', 'istio-system', 'weft-controller-serving'],
    [true, 'update', 'coordination.k8s.io', 'leases', 'istio-system', 'weft-controller'],
    [true, 'patch', 'admissionregistration.k8s.io', 'mutatingwebhookconfigurations', '', 'weft-sidecar-injector'],
    [false, 'patch', 'admissionregistration.k8s.io', 'mutatingwebhookconfigurations', '', 'other'],
    [false, 'create', 'admissionregistration.k8s.io', 'mutatingwebhookconfigurations'],
    // A gateway is there, whose certificates it gives out.
    [true, 'get', '', 'secrets', 'istio-system', 'other'],
    [false, 'update', '', 'secrets', 'istio-system', 'other'],
    [false, 'get', '', 'secrets', 'default', 'other'],
    [false, 'list', '', 'secrets'],
    [false, 'get', '', 'configmaps', 'default'],
    [false, 'update', 'coordination.k8s.io', 'leases', 'istio-system', 'other'],
    [false, 'delete', '', 'pods', 'default'],
    [false, 'patch', 'networking.istio.io', 'virtualservices/status'],
    [false, 'update', 'networking.istio.io', 'virtualservices'],
  ])('may: %s, %s %s/%s %s %s', async (allowed, verb, group, resource, namespace = '', name = '') => {
    const [plural, subresource] = resource.split('/');
    const may = async (): Promise<boolean> => {
      const review = await client.create({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        metadata: {},
        spec: {
          user: 'system:serviceaccount:istio-system:weft-controller',
          groups: ['system:serviceaccounts', 'system:serviceaccounts:istio-system', 'system:authenticated'],
          resourceAttributes: { verb, group, resource: plural, subresource, namespace, name },
        },
      });
      return (review.status as { allowed: boolean }).allowed;
    };
    // The API server decides by copies of Roles and bindings, which it has a moment after they were written.
    if (allowed) await until(may, 'it is allowed', 60_000);
    else expect(await may()).toBe(false);
  });
});
