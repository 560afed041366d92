import { describe, expect, it } from 'vitest';
import { mergeValues } from '../merge.ts';
import { problemText } from '../problem.ts';

const head = 'apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\n';
const ofFile = (spec: string) => mergeValues({ files: [{ name: 'io.yaml', text: `${head}spec:\n${spec.replace(/^(?=.)/gm, '  ')}` }], set: [] });
const ofSet = (...set: string[]) => mergeValues({ files: [], set });

describe('an IstioOperator', () => {
  it.each<[string, object]>([
    ['profile: minimal', { profile: 'minimal' }],
    ['hub: reg.example.com/mesh\ntag: v1', { image: { hub: 'reg.example.com/mesh', tag: 'v1' } }],
    ['namespace: mesh\nrevision: canary', { namespace: 'mesh', revision: 'canary' }],
    ['revision: ""', {}],
    ['meshConfig: { accessLogFile: /dev/stdout }', { meshConfig: { accessLogFile: '/dev/stdout' } }],
    [
      'values: { global: { hub: h, tag: t, imagePullPolicy: Always, imagePullSecrets: [s] } }',
      { image: { hub: 'h', tag: 't', pullPolicy: 'Always', pullSecrets: ['s'] } },
    ],
    ['values: { global: { imagePullPolicy: "", network: "", multiCluster: { clusterName: "" } } }', {}],
    ['values: { global: { meshID: m, multiCluster: { clusterName: c }, istioNamespace: mesh } }', { meshId: 'm', clusterId: 'c', namespace: 'mesh' }],
    ['values: { global: { logging: { level: "default:warn" }, logAsJson: false } }', { controller: { logLevel: 'warning', logFormat: 'text' } }],
    [
      'values: { global: { proxy: { resources: { requests: { cpu: 1, memory: 1Gi } }, logLevel: debug, holdApplicationUntilProxyStarts: true, includeIPRanges: 10.0.0.0/8, excludeOutboundPorts: "22" } } }',
      {
        proxy: {
          resources: { requests: { cpu: '1', memory: '1Gi' } },
          logLevel: 'debug',
          holdApplicationUntilProxyStarts: true,
          includeIPRanges: '10.0.0.0/8',
          excludeOutboundPorts: '22',
        },
      },
    ],
    [
      'values: { pilot: { replicaCount: 3, env: { A: true, B: 1, C: c }, podAnnotations: { a: b }, nodeSelector: { a: b }, cni: { enabled: false }, autoscaleEnabled: false } }',
      { controller: { replicas: 3, env: { A: 'true', B: '1', C: 'c' }, podAnnotations: { a: 'b' }, nodeSelector: { a: 'b' } } },
    ],
    [
      'values: { sidecarInjectorWebhook: { rewriteAppHTTPProbe: false, enableNamespacesByDefault: true, injectedAnnotations: { a: b }, neverInjectSelector: [{ matchLabels: { a: b } }], templates: { mine: "spec: {}" }, defaultTemplates: [sidecar, mine] } }',
      {
        injector: {
          rewriteAppHTTPProbe: false,
          enableNamespacesByDefault: true,
          injectedAnnotations: { a: 'b' },
          neverInjectSelector: [{ matchLabels: { a: 'b' } }],
          templates: { mine: 'spec: {}' },
          defaultTemplates: ['sidecar', 'mine'],
        },
      },
    ],
    [
      'values: { gateways: { istio-ingressgateway: { autoscaleMin: 2, autoscaleMax: 4, type: NodePort, serviceAnnotations: { a: b } }, istio-egressgateway: { autoscaleEnabled: false } } }',
      {
        gateways: [
          { name: 'istio-ingressgateway', replicas: 2, maxReplicas: 4, service: { type: 'NodePort', annotations: { a: 'b' } } },
          { name: 'istio-egressgateway', maxReplicas: 0 },
        ],
      },
    ],
    ['components: { base: { enabled: false }, cni: { enabled: false }, ztunnel: { enabled: false } }', { crds: { enabled: false } }],
    [
      'components: { pilot: { enabled: true, k8s: { replicaCount: 3, resources: { limits: { memory: 4Gi } }, env: [{ name: A, value: a }], affinity: { nodeAffinity: { x: 1 } } } } }',
      { controller: { enabled: true, replicas: 3, resources: { limits: { memory: '4Gi' } }, env: { A: 'a' }, affinity: { nodeAffinity: { x: 1 } } } },
    ],
    [
      `components:
  ingressGateways:
    - enabled: false
    - name: mine
      namespace: edge
      label: { istio: mine }
      k8s:
        hpaSpec: { minReplicas: 2, maxReplicas: 6 }
        service: { type: NodePort, ports: [{ name: http, port: 80, targetPort: 8080, protocol: TCP }] }
        podAnnotations: { a: b }
  egressGateways:
    - enabled: true
    - name: out
`,
      {
        gateways: [
          { name: 'istio-ingressgateway', enabled: false },
          {
            name: 'mine',
            namespace: 'edge',
            labels: { istio: 'mine' },
            replicas: 2,
            maxReplicas: 6,
            service: { type: 'NodePort', ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
            podAnnotations: { a: 'b' },
          },
          { name: 'istio-egressgateway', enabled: true },
          { name: 'out', service: { type: 'ClusterIP' } },
        ],
      },
    ],
  ])('%s', (spec, overrides) => {
    const merged = ofFile(spec);
    expect(merged.problems).toEqual([]);
    expect(merged.overrides).toEqual(overrides);
  });

  it.each<[string, string[]]>([
    [
      'hub: reg/A',
      [
        'io.yaml:4: spec.hub has to be a registry and a path in lower case without the name of the image, such as registry.example.com:5000/mesh (empty: none), and this is "reg/A"',
      ],
    ],
    [
      'values:\n  pilot:\n    replicaCount: no\n',
      ['io.yaml:6: spec.values.pilot.replicaCount has to be a whole number from 1 to 100, and this is the boolean false'],
    ],
    [
      'values:\n  global:\n    proxy:\n      includeIPRanges: abc\n',
      [
        'io.yaml:7: spec.values.global.proxy.includeIPRanges has to be * or IP ranges separated by commas, such as 10.0.0.0/8,fd00::/8 (empty: none), and this is "abc"',
      ],
    ],
    [
      'meshConfig: { trustDomain: "a b" }',
      ['io.yaml:4: meshConfig.trustDomain is wrong: "a b" is not a trust domain, which is a domain name such as cluster.local'],
    ],
    ['profile: ambient', ['io.yaml:4: spec.profile has to be default, demo, minimal or empty, and this is "ambient"']],
    ['components: { ingressGateways: [{ name: a }, {}] }', ['io.yaml:4: spec.components.ingressGateways[1] has no name']],
    ['prfile: demo', ['io.yaml:4: spec.prfile is unknown; did you mean profile?']],
    ['values: { pilot: { replicaCont: 1 } }', ['io.yaml:4: spec.values.pilot.replicaCont is unknown; did you mean replicaCount?']],
    ['values: []', ['io.yaml:4: spec.values has to be a map']],
  ])('is wrong where its values are: %s', (spec, said) => {
    expect(ofFile(spec).problems.map(problemText)).toEqual(said);
  });

  it.each<[string, string]>([
    [
      'values: { cni: { enabled: true } }',
      'io.yaml:4: spec.values.cni has no meaning for weft; weft installs no CNI plug-in: where one redirects connections, set proxy.capture to cni',
    ],
    ['components: { ztunnel: { enabled: true } }', 'io.yaml:4: spec.components.ztunnel.enabled has no meaning for weft; weft has sidecars only'],
    [
      'components: { pilot: { k8s: { overlays: [] } } }',
      'io.yaml:4: spec.components.pilot.k8s.overlays has no meaning for weft; change what weft manifest generate prints instead, for example with kustomize',
    ],
    [
      'values: { pilot: { autoscaleEnabled: true } }',
      'io.yaml:4: spec.values.pilot.autoscaleEnabled has no meaning for weft; the control plane has a fixed number of pods: controller.replicas',
    ],
    ['addonComponents: {}', 'io.yaml:4: spec.addonComponents has no meaning for weft; install Prometheus, Grafana and others by themselves'],
    ['values: { foo: 1 }', 'io.yaml:4: spec.values.foo has no meaning for weft; weft has nothing of the kind'],
    ['fooBar: {}', 'io.yaml:4: spec.fooBar has no meaning for weft; an IstioOperator has no such field'],
  ])('has settings that mean nothing here: %s', (spec, said) => {
    const { problems } = ofFile(spec);
    expect(problems.map(problemText)).toEqual([said]);
    expect(problems[0]?.ignorable).toBe(true);
  });
});

describe('--set of its paths', () => {
  it.each<[string[], object]>([
    [['hub=h', 'tag=1.28'], { image: { hub: 'h', tag: '1.28' } }],
    [['values.global.tag=1.28'], { image: { tag: '1.28' } }],
    [['values.pilot.env.ENABLED=true'], { controller: { env: { ENABLED: 'true' } } }],
    [['values.global.imagePullSecrets={a,b}'], { image: { pullSecrets: ['a', 'b'] } }],
    [['values.global.imagePullSecrets[0]=a'], { image: { pullSecrets: ['a'] } }],
    [['values.gateways.istio-ingressgateway.autoscaleEnabled=false'], { gateways: [{ name: 'istio-ingressgateway', maxReplicas: 0 }] }],
    [['components.egressGateways[0].enabled=true'], { gateways: [{ name: 'istio-egressgateway', enabled: true }] }],
    [['components.ingressGateways[1].name=mine', 'components.ingressGateways[1].k8s.replicaCount=2'], { gateways: [{ name: 'mine', replicas: 2 }] }],
    [['components.ingressGateways[name:mine].enabled=true'], { gateways: [{ name: 'mine', enabled: true }] }],
    [['values.global.logging.level=default:debug'], { controller: { logLevel: 'debug' } }],
  ])('%j', (set, overrides) => {
    const merged = ofSet(...set);
    expect(merged.problems).toEqual([]);
    expect(merged.overrides).toEqual(overrides);
  });

  it.each<[string, string]>([
    ['values.pilot.replicaCount=two', '--set values.pilot.replicaCount: has to be a whole number from 1 to 100, and this is "two"'],
    [
      'values.cni.enabled=true',
      '--set values.cni.enabled: has no meaning for weft; weft installs no CNI plug-in: where one redirects connections, set proxy.capture to cni',
    ],
    ['components.ingressGateways[3].enabled=true', '--set components.ingressGateways[3].enabled: components.ingressGateways[3] has no name'],
    ['components.pilot=x', '--set components.pilot: has to be a map'],
  ])('%s is wrong', (text, said) => {
    expect(ofSet(text).problems.map(problemText)).toEqual([said]);
  });
});
