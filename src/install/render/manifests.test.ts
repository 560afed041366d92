import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/object.ts';
import { splitDocuments } from '../../manifest/split.ts';
import { parseYaml } from '../../manifest/yaml.ts';
import { mergeValues } from '../merge.ts';
import { type Component, installedNames, ownerLabels, type ProfileName } from '../values.ts';
import { renderManifests } from './manifests.ts';
import type { RenderedObject } from './object.ts';
import { manifestYaml } from './yaml.ts';

function render(profile: ProfileName, ...set: string[]): RenderedObject[] {
  const { values, overrides, problems } = mergeValues({ files: [], set, profile });
  expect(problems).toEqual([]);
  return renderManifests(values, { weftVersion: '1.2.3', overrides });
}

const name = ({ object: { kind, metadata } }: RenderedObject): string => `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;
const names = (objects: readonly RenderedObject[]): string[] => objects.map(name).filter((text) => !text.startsWith('CustomResourceDefinition'));

// biome-ignore lint/suspicious/noExplicitAny: fields of objects of Kubernetes
type Any = any;
function find(objects: readonly RenderedObject[], wanted: string): Any {
  const found = objects.find((object) => name(object) === wanted);
  expect(found, wanted).toBeDefined();
  return (found as RenderedObject).object;
}

const all: readonly ProfileName[] = ['default', 'demo', 'minimal'];

describe('profiles', () => {
  const minimal = [
    'Namespace istio-system',
    'ServiceAccount istio-system/weft-controller',
    'ClusterRole weft-controller-istio-system',
    'ClusterRoleBinding weft-controller-istio-system',
    'Role istio-system/weft-controller',
    'RoleBinding istio-system/weft-controller',
    'ConfigMap istio-system/weft-values',
    'ConfigMap istio-system/istio',
    'ConfigMap istio-system/istio-sidecar-injector',
    'Service istio-system/weft-controller',
    'Deployment istio-system/weft-controller',
    'PodDisruptionBudget istio-system/weft-controller',
    'MutatingWebhookConfiguration weft-sidecar-injector',
    'ValidatingWebhookConfiguration weft-validator',
  ];
  const gateway = (of: string): string[] => [
    `ServiceAccount istio-system/${of}-service-account`,
    `Service istio-system/${of}`,
    `Deployment istio-system/${of}`,
    `PodDisruptionBudget istio-system/${of}`,
  ];
  const ingress = gateway('istio-ingressgateway');
  const secrets = ['Role', 'RoleBinding'].map((kind) => `${kind} istio-system/weft-controller-istio-system-secrets`);

  it.each<[ProfileName, string[]]>([
    ['minimal', minimal],
    ['default', [...minimal, ...ingress, ...secrets, 'HorizontalPodAutoscaler istio-system/istio-ingressgateway']],
    ['demo', [...minimal, ...ingress, ...secrets, ...gateway('istio-egressgateway')]],
    ['empty', []],
  ])('%s', (profile, expected) => {
    expect(names(render(profile)).sort()).toEqual([...expected].sort());
  });

  it('empty has no definitions, others have all 14', () => {
    const count = (profile: ProfileName): number => render(profile).filter(({ object }) => object.kind === 'CustomResourceDefinition').length;
    expect((['empty', ...all] as const).map(count)).toEqual([0, 14, 14, 14]);
  });

  it('empty with one gateway is that gateway, where it goes, and the record of it', () => {
    expect(names(render('empty', 'gateways[0].enabled=true'))).toEqual([
      'Namespace istio-system',
      'ServiceAccount istio-system/istio-ingressgateway-service-account',
      ...secrets,
      'ConfigMap istio-system/weft-values',
      'Service istio-system/istio-ingressgateway',
      'Deployment istio-system/istio-ingressgateway',
      'PodDisruptionBudget istio-system/istio-ingressgateway',
      'HorizontalPodAutoscaler istio-system/istio-ingressgateway',
    ]);
  });
});

describe('every object', () => {
  it.each(all)('of %s has its owner, its component and its version; what is not shared has its revision', (profile) => {
    for (const { component, object, shared } of render(profile)) {
      const { labels = {} } = object.metadata;
      expect(labels).toMatchObject({
        [ownerLabels.owner]: 'istio-system',
        [ownerLabels.component]: component satisfies Component,
        [ownerLabels.version]: '1.2.3',
      });
      expect(labels['istio.io/rev']).toBe(shared ? undefined : 'default');
      expect(shared).toBe(object.kind === 'Namespace' || object.kind === 'CustomResourceDefinition');
    }
  });

  it('is there once', () => {
    const found = render('demo').map(name);
    expect(new Set(found).size).toBe(found.length);
  });

  it('is the same for the same values', () => {
    expect(render('default')).toEqual(render('default'));
  });

  it('comes after what it needs', () => {
    const kinds = [...new Set(render('default').map(({ object }) => object.kind))];
    expect(kinds).toEqual([
      'Namespace',
      'CustomResourceDefinition',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'Role',
      'RoleBinding',
      'ConfigMap',
      'Service',
      'Deployment',
      'PodDisruptionBudget',
      'HorizontalPodAutoscaler',
      'MutatingWebhookConfiguration',
      'ValidatingWebhookConfiguration',
    ]);
  });

  it('is the same when its YAML is read as Kubernetes does', () => {
    const objects = render('demo', 'controller.podAnnotations.a=yes', 'controller.env.N=012', 'controller.env.T=1:20').map(({ object }) => object);
    const text = manifestYaml(objects);
    const read = splitDocuments(text).map(({ start, end }) => parseYaml(text.slice(start, end)).value);
    expect(read).toEqual(JSON.parse(JSON.stringify(objects)));
  });
});

describe('pods', () => {
  const pods = render('demo', 'proxy.engine=envoy').flatMap(({ object }) => (object.kind === 'Deployment' ? [object as Any] : []));

  it.each(pods.map((object) => [object.metadata.name, object.spec.template.spec]))('of %s have no privileges', (_, spec) => {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1337, seccompProfile: { type: 'RuntimeDefault' } });
    for (const { securityContext } of spec.containers) {
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        privileged: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
      });
    }
  });

  it.each(pods.map((object) => [object.metadata.name, object.spec]))(
    'of %s are selected, never injected, and have resources, probes and an image',
    (_, spec) => {
      const { metadata, spec: pod } = spec.template;
      expect(metadata.labels).toMatchObject({ ...spec.selector.matchLabels, 'sidecar.istio.io/inject': 'false', 'istio.io/rev': 'default' });
      for (const container of pod.containers) {
        expect(container).toMatchObject({ image: 'localhost/weft:1.2.3', imagePullPolicy: 'IfNotPresent', readinessProbe: { httpGet: {} } });
        expect(container.resources.requests).toMatchObject({ cpu: '10m' });
        const mounted = container.volumeMounts.map((mount: Any) => mount.name);
        expect(pod.volumes.map((volume: Any) => volume.name)).toEqual(mounted);
      }
    },
  );

  it('of the control plane give configuration in plain text to themselves only', () => {
    const args: string[] = find(render('default'), 'Deployment istio-system/weft-controller').spec.template.spec.containers[0].args;
    expect(args[args.indexOf('--xds-address') + 1]).toMatch(/^127\.0\.0\.1:/);
    const { ports } = find(render('default'), 'Service istio-system/weft-controller').spec;
    expect(ports.map(({ name }: Any) => name).sort()).toEqual(['http-monitoring', 'https-webhook', 'https-xds']);
  });

  it('of a gateway listen below 1024 without root', () => {
    const { spec } = find(render('default', 'gateways[0].service.ports[1].targetPort=80'), 'Deployment istio-system/istio-ingressgateway').spec.template;
    expect(spec.securityContext.sysctls).toEqual([{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }]);
  });

  it('go where the user says, with what the user gives them', () => {
    const settings = [
      'priorityClassName=high',
      'nodeSelector.a=b',
      'tolerations[0].key=t',
      'podLabels.team=mesh',
      'podAnnotations.prometheus\\.io/scrape=false',
      'env.A=a',
    ];
    for (const [at, deployment] of [
      ['controller', 'weft-controller'],
      ['gateways[0]', 'istio-ingressgateway'],
    ]) {
      const objects = render('default', ...settings.map((text) => `${at}.${text}`), 'image.pullSecrets={s}');
      const { metadata, spec } = find(objects, `Deployment istio-system/${deployment}`).spec.template;
      expect(spec).toMatchObject({ priorityClassName: 'high', nodeSelector: { a: 'b' }, tolerations: [{ key: 't' }], imagePullSecrets: [{ name: 's' }] });
      expect(metadata).toMatchObject({ labels: { team: 'mesh' }, annotations: { 'prometheus.io/scrape': 'false' } });
      expect(spec.containers[0].env).toContainEqual({ name: 'A', value: 'a' });
    }
  });
});

describe('replicas', () => {
  it.each<[string[], number | undefined, [number, number] | undefined]>([
    [[], undefined, [1, 5]],
    [['gateways[0].replicas=2', 'gateways[0].maxReplicas=4'], undefined, [2, 4]],
    [['gateways[0].replicas=3', 'gateways[0].maxReplicas=0'], 3, undefined],
  ])('%j', (set, replicas, range) => {
    const objects = render('default', ...set);
    expect(find(objects, 'Deployment istio-system/istio-ingressgateway').spec.replicas).toBe(replicas);
    const autoscaler = objects.find(({ object }) => object.kind === 'HorizontalPodAutoscaler')?.object as Any;
    expect(autoscaler && [autoscaler.spec.minReplicas, autoscaler.spec.maxReplicas]).toEqual(range);
  });
});

describe('another revision', () => {
  it('shares definitions and the namespace with the default one, and nothing else but gateways', () => {
    const first = new Map(render('default').map((object) => [name(object), object]));
    const both = render('default', 'revision=canary').filter((object) => first.has(name(object)) && !object.shared);
    expect(both.every(({ component }) => component === 'IngressGateways')).toBe(true);
  });

  it('speaks of itself everywhere', () => {
    const objects = render('default', 'revision=canary', 'namespace=mesh');
    const names = installedNames('canary');
    expect(find(objects, `ConfigMap mesh/${names.meshConfig}`).data.mesh).toContain('discoveryAddress: weft-controller-canary.mesh.svc:15012');
    expect(find(objects, `ConfigMap mesh/${names.injector}`).data.config).toContain('xdsAddress: weft-controller-canary.mesh.svc:15012');
    const { args, env } = find(objects, `Deployment mesh/${names.controller}`).spec.template.spec.containers[0];
    expect(args.join(' ')).toContain('--istioNamespace mesh --revision canary');
    expect(env.map((variable: Any) => variable.name)).toEqual(['POD_NAME', 'POD_NAMESPACE']);
    for (const { object } of objects) expect(JSON.stringify(object)).not.toContain('istio-system');
  });
});

describe('ConfigMaps', () => {
  it('have what the user wrote of the mesh configuration over what is so here', () => {
    const set = ['meshConfig.trustDomain=example.org', 'meshConfig.defaultConfig.concurrency=2', 'meshConfig.enablePrometheusMerge=false'];
    const objects = render('default', ...set);
    expect(parseYaml(find(objects, 'ConfigMap istio-system/istio').data.mesh).value).toEqual({
      defaultConfig: { discoveryAddress: 'weft-controller.istio-system.svc:15012', concurrency: 2 },
      enablePrometheusMerge: false,
      rootNamespace: 'istio-system',
      trustDomain: 'example.org',
    });
    const injection = parseYaml(find(objects, 'ConfigMap istio-system/istio-sidecar-injector').data.config).value;
    expect(injection).toMatchObject({ trustDomain: 'example.org', meshId: 'example.org', image: 'localhost/weft:1.2.3', clusterId: 'Kubernetes' });
  });

  it('tell the image of sidecars as tools of the reference read it', () => {
    const values = JSON.parse(find(render('default', 'image.hub=r/a', 'image.tag=t'), 'ConfigMap istio-system/istio-sidecar-injector').data.values);
    expect(values.global).toEqual({ hub: 'r/a', tag: 't', proxy: { image: 'weft' } });
  });

  it('keep the values, what the user gave of them, and the version', () => {
    const { data } = find(render('demo', 'controller.replicas=3'), 'ConfigMap istio-system/weft-values');
    expect(parseYaml(data.values).value).toEqual(mergeValues({ files: [], set: ['controller.replicas=3'], profile: 'demo' }).values);
    expect(parseYaml(data.overrides).value).toEqual({ profile: 'demo', controller: { replicas: 3 } });
    expect(data.version).toBe('1.2.3');
  });
});

it('has no field without a value, which server-side apply would not keep', () => {
  const visit = (value: unknown, path: string): void => {
    if (value === null || value === undefined) throw new Error(`${path} is ${value}`);
    if (typeof value === 'object') for (const [key, item] of Object.entries(value)) visit(item, `${path}.${key}`);
  };
  for (const { object } of render('demo') as { object: KubeObject }[]) visit(object, object.kind);
});
