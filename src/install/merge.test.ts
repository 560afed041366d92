import { describe, expect, it } from 'vitest';
import { type MergeInput, mergeValues } from './merge.ts';
import { problemText } from './problem.ts';
import { profileNames, profileValues } from './profiles.ts';
import { toYaml } from './render/yaml.ts';

const merge = (input: Partial<MergeInput>): ReturnType<typeof mergeValues> => mergeValues({ files: [], set: [], ...input });
const file = (text: string, name = 'v.yaml') => ({ name, text });

/** A value by its path. */
const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);

describe('profiles', () => {
  it.each(profileNames)('%s has no problems, and is what it is without anything else', (profile) => {
    expect(merge({ profile })).toEqual({ values: { ...profileValues(profile) }, overrides: { profile }, problems: [] });
  });

  it.each(profileNames)('%s can be written into a file and read again', (profile) => {
    const { values, problems } = merge({ files: [file(toYaml(profileValues(profile)))] });
    expect({ values, problems }).toEqual({ values: profileValues(profile), problems: [] });
  });
});

describe('precedence', () => {
  it.each<[string, Partial<MergeInput>, string, unknown]>([
    ['the default profile', {}, 'controller.replicas', 2],
    ['a profile over the default', { profile: 'demo' }, 'controller.replicas', 1],
    ['a file over the profile', { profile: 'demo', files: [file('controller: { replicas: 4 }')] }, 'controller.replicas', 4],
    ['the right file over the left', { files: [file('controller: { replicas: 4 }'), file('controller: { replicas: 5 }')] }, 'controller.replicas', 5],
    ['--set over files', { files: [file('controller: { replicas: 4 }')], set: ['controller.replicas=6'] }, 'controller.replicas', 6],
    ['the last --set', { set: ['controller.replicas=6', 'controller.replicas=7'] }, 'controller.replicas', 7],
    ['the profile of a file', { files: [file('profile: demo')] }, 'controller.replicas', 1],
    ['the profile of the last file', { files: [file('profile: demo'), file('profile: minimal')] }, 'profile', 'minimal'],
    ['the profile of --set over that of a file', { files: [file('profile: demo')], set: ['profile=empty'] }, 'controller.enabled', false],
    ['--profile over --set', { profile: 'default', set: ['profile=empty'] }, 'controller.enabled', true],
    ['--revision over --set', { revision: 'b', set: ['revision=a'] }, 'revision', 'b'],
    ['--istioNamespace over files', { namespace: 'mesh', files: [file('namespace: other')] }, 'namespace', 'mesh'],
    ['a value of Istio over ours before it', { set: ['controller.replicas=6', 'values.pilot.replicaCount=7'] }, 'controller.replicas', 7],
    ['our value over one of Istio before it', { set: ['values.pilot.replicaCount=7', 'controller.replicas=6'] }, 'controller.replicas', 6],
  ])('%s', (_, input, path, expected) => {
    const { values, problems } = merge(input);
    expect(problems).toEqual([]);
    expect(at(values, path)).toEqual(expected);
  });
});

describe('merging', () => {
  it.each<[string, string[], string[], string, unknown]>([
    [
      'maps are merged',
      ['controller: { env: { A: a } }', 'controller: { env: { B: b } }'],
      ['controller.env.C=c'],
      'controller.env',
      { A: 'a', B: 'b', C: 'c' },
    ],
    ['null takes an entry of a map away', ['controller: { env: { A: a } }', 'controller: { env: { A: null } }'], [], 'controller.env', {}],
    ['null takes what may be absent away', ['proxy: { resources: { limits: null } }'], [], 'proxy.resources', { requests: { cpu: '100m', memory: '128Mi' } }],
    ['--set takes away, too', [], ['proxy.resources.limits=null'], 'proxy.resources', { requests: { cpu: '100m', memory: '128Mi' } }],
    ['a key without a value is as if it were not there', ['controller:\n  replicas:\n'], [], 'controller.replicas', 2],
    [
      'a list is replaced',
      ['injector: { defaultTemplates: [sidecar, gateway] }', 'injector: { defaultTemplates: [gateway] }'],
      [],
      'injector.defaultTemplates',
      ['gateway'],
    ],
    ['--set of a list', [], ['injector.defaultTemplates={gateway,sidecar}'], 'injector.defaultTemplates', ['gateway', 'sidecar']],
    ['--set of an item', [], ['injector.defaultTemplates[0]=gateway'], 'injector.defaultTemplates', ['gateway']],
    ['--set of the item after the last', [], ['injector.defaultTemplates[1]=gateway'], 'injector.defaultTemplates', ['sidecar', 'gateway']],
    [
      '--set of fields of an item',
      ['controller: { tolerations: [{ key: a, operator: Exists }] }'],
      ['controller.tolerations[0].effect=NoSchedule', 'controller.tolerations[1].key=b'],
      'controller.tolerations',
      [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }, { key: 'b' }],
    ],
    ['types are those of the schema', [], ['controller.podAnnotations.a=true', 'controller.env.N=1'], 'controller.podAnnotations', { a: 'true' }],
    [
      'types of the mesh configuration',
      [],
      ['meshConfig.enableTracing=true', 'meshConfig.accessLogFile=1', 'meshConfig.proxyListenPort=15011'],
      'meshConfig',
      { enableTracing: true, accessLogFile: '1', proxyListenPort: 15011 },
    ],
    ['a list of the mesh configuration', [], ['meshConfig.trustDomainAliases={a,b}'], 'meshConfig.trustDomainAliases', ['a', 'b']],
    [
      'numbers are quantities',
      ['controller: { resources: { requests: { cpu: 1 } } }'],
      ['controller.resources.limits.cpu=2'],
      'controller.resources.requests.cpu',
      '1',
    ],
  ])('%s', (_, files, set, path, expected) => {
    const { values, problems } = merge({ files: files.map((text) => file(text)), set });
    expect(problems).toEqual([]);
    expect(at(values, path)).toEqual(expected);
  });

  it('merges gateways by name, and gives a new one what a gateway has', () => {
    const { values, problems } = merge({
      files: [
        file(
          'gateways: [{ name: edge, replicas: 2, maxReplicas: 3, service: { ports: [{ name: http, port: 80 }] } }, { name: istio-ingressgateway, maxReplicas: 9 }]',
        ),
      ],
      set: ['gateways[1].enabled=true', 'gateways[name:edge].labels.istio=mine'],
    });
    expect(problems).toEqual([]);
    expect(values.gateways.map(({ name, enabled, maxReplicas, labels }) => ({ name, enabled, maxReplicas, labels }))).toEqual([
      { name: 'istio-ingressgateway', enabled: true, maxReplicas: 9, labels: { app: 'istio-ingressgateway', istio: 'ingressgateway' } },
      { name: 'istio-egressgateway', enabled: true, maxReplicas: 5, labels: { app: 'istio-egressgateway', istio: 'egressgateway' } },
      { name: 'edge', enabled: true, maxReplicas: 3, labels: { app: 'edge', istio: 'mine' } },
    ]);
    expect(values.gateways[2]?.service.ports).toEqual([{ name: 'http', port: 80, targetPort: 80 }]);
  });

  it('keeps what the user gave, so that it can be laid over another version', () => {
    const given = {
      profile: 'demo',
      files: [file('controller: { env: { A: null }, resources: { limits: null } }\ngateways: [{ name: edge }]')],
      set: ['revision=a'],
    };
    const { values, overrides } = merge(given);
    expect(overrides).toEqual({
      profile: 'demo',
      revision: 'a',
      controller: { env: { A: null }, resources: { limits: null } },
      gateways: [{ name: 'edge' }],
    });
    expect(merge({ files: [file(toYaml(overrides))] })).toEqual({ values, overrides, problems: [] });
  });
});

describe('problems', () => {
  const said = (input: Partial<MergeInput>): string[] => merge(input).problems.map(problemText);

  it.each<[string, string, string[]]>([
    ['an unknown name', 'controller:\n  replica: 2\n', ['v.yaml:2: controller.replica is unknown; did you mean replicas?']],
    ['a name of another place', 'namespace: mesh\nreplicas: 2\n', ['v.yaml:2: replicas is unknown; did you mean controller.replicas?']],
    ['a name that nothing is like', 'crds: { x: 1 }\n', ['v.yaml:1: crds.x is unknown; there are: enabled']],
    ['a wrong type', 'controller:\n  replicas: two\n', ['v.yaml:2: controller.replicas has to be a whole number from 1 to 100, and this is "two"']],
    [
      'a number outside of the range',
      'controller:\n  replicas: 0\n',
      ['v.yaml:2: controller.replicas has to be a whole number from 1 to 100, and this is the number 0'],
    ],
    ['a map where a text is', 'namespace: {}\n', ['v.yaml:1: namespace has to be text, and this is a map']],
    ['a number where a text is', 'image:\n  tag: 1.28\n', ['v.yaml:2: image.tag has to be text, and this is the number 1.28; put it in quotes']],
    ['a text where a map is', 'controller: big\n', ['v.yaml:1: controller has to be a map, and this is "big"']],
    ['a map where a list is', 'gateways: {}\n', ['v.yaml:1: gateways has to be a list, and this is a map']],
    [
      'a word that is none of several',
      'proxy:\n  engine: envoi\n',
      ['v.yaml:2: proxy.engine has to be embedded or envoy, and this is "envoi"; did you mean envoy?'],
    ],
    ['a boolean or a word', 'proxy:\n  nativeSidecar: maybe\n', ['v.yaml:2: proxy.nativeSidecar has to be true, false or auto, and this is "maybe"']],
    ['a gateway without a name', 'gateways:\n  - enabled: true\n', ['v.yaml:2: gateways[0] has no name']],
    ['a port without a number', 'gateways:\n  - name: a\n    service: { ports: [{ name: b }] }\n', ['v.yaml:3: gateways[0].service.ports[0] has no port']],
    ['an empty item', 'image:\n  pullSecrets:\n    -\n', ['v.yaml:3: image.pullSecrets[0] is empty']],
    [
      'a key that is no label',
      'controller:\n  nodeSelector:\n    "a b": c\n',
      [
        'v.yaml:3: controller.nodeSelector["a b"] is a key that is not a name such as team or example.com/team, of up to 63 letters, digits, - _ and . after the slash',
      ],
    ],
    [
      'an unknown field of the mesh configuration',
      'meshConfig:\n  accessLogfile: x\n',
      ['v.yaml:2: meshConfig.accessLogfile is unknown; did you mean accessLogFile?'],
    ],
    [
      'a wrong type in the mesh configuration',
      'meshConfig:\n  defaultConfig:\n    concurrency: a\n',
      ['v.yaml:3: meshConfig.defaultConfig.concurrency has to be a whole number, and this is the text "a"'],
    ],
    [
      'a rule of the mesh configuration',
      'meshConfig:\n  trustDomain: "a b"\n',
      ['v.yaml:2: meshConfig.trustDomain is wrong: "a b" is not a trust domain, which is a domain name such as cluster.local'],
    ],
    ['no YAML', 'a: [\n', ['v.yaml:2: this is no valid YAML: unexpected end of the stream within a flow collection']],
    ['a key twice', 'namespace: a\nnamespace: b\n', ['v.yaml:2: this is no valid YAML: duplicated mapping key; remove one of the two']],
    ['two documents', 'namespace: a\n---\nnamespace: b\n', ['v.yaml:3: a second document begins here, and values are one; give it as a file of its own']],
    ['a list', '- a\n', ['v.yaml:1: values are a map, and this is something else']],
    ['another kind', 'kind: Service\n', ['v.yaml:1: this is a Service, and values are a map without kind, or an IstioOperator']],
    ['nothing', '# nothing\n', []],
  ])('of a file: %s', (_, text, expected) => {
    expect(said({ files: [file(text)] })).toEqual(expected);
  });

  it.each<[string, string[]]>([
    ['controler.replicas=2', ['--set controler.replicas: controler is unknown; did you mean controller?']],
    ['controller.replica=2', ['--set controller.replica: is unknown; did you mean replicas?']],
    ['controller.replicas=two', ['--set controller.replicas: has to be a whole number from 1 to 100, and this is "two"']],
    ['controller.enabled=yes', ['--set controller.enabled: has to be true or false, and this is "yes"']],
    ['controller=x', ['--set controller: has to be a map, and this is "x"']],
    ['controller.replicas.x=1', ['--set controller.replicas.x: controller.replicas has to be a whole number from 1 to 100, and this is a map']],
    ['controller[0]=1', ['--set controller[0]: goes into a list, and there is none at this place']],
    ['gateways[7].enabled=true', ['--set gateways[7].enabled: names item 7 of a list that has 2']],
    ['gateways[2].enabled=true', ['--set gateways[2].enabled: names item 2 of a list that has 2; set its name first']],
    ['namespace', ['--set namespace: has no =: write PATH=VALUE']],
    [
      'revision=Canary',
      ['--set revision: has to be a DNS label in lower case of up to 47 letters, digits and hyphens, such as canary or 1-28, and this is "Canary"'],
    ],
    [
      'gateways[name:istio-ingresgateway].enabled=false',
      [
        '--set gateways[name:istio-ingresgateway].enabled: turns off istio-ingresgateway, which is not there; there are: istio-ingressgateway, istio-egressgateway',
      ],
    ],
    ['profile=prod', ['--set profile: has to be default, demo, minimal or empty, and this is "prod"']],
  ])('of --set %s', (text, expected) => {
    expect(said({ set: [text] })).toEqual(expected);
  });

  it.each<[string, Partial<MergeInput>, string[]]>([
    ['of --profile', { profile: 'prod' }, ['--profile: has to be default, demo, minimal or empty, and this is "prod"']],
    [
      'of --revision',
      { revision: '-a' },
      ['--revision: has to be a DNS label in lower case of up to 47 letters, digits and hyphens, such as canary or 1-28, and this is "-a"'],
    ],
    [
      'a request above the limit',
      { set: ['proxy.resources.limits.cpu=50m'] },
      ['--set proxy.resources.limits.cpu: proxy.resources.requests.cpu is 100m, above the limit of 50m; raise the limit, or ask for less'],
    ],
    [
      'another domain',
      { set: ['clusterDomain=example.org'] },
      [
        '--set clusterDomain: clusterDomain is example.org, and names of Services end in cluster.local for weft, whatever the cluster has; leave it at cluster.local',
      ],
    ],
    [
      'a template that is not there',
      { set: ['injector.defaultTemplates={sidecar,mine}'] },
      ['--set injector.defaultTemplates: injector.defaultTemplates[1] is "mine", and there is no such template; there are: sidecar, gateway'],
    ],
    [
      'fewer than the least',
      { set: ['gateways[0].replicas=9'] },
      ['--set gateways[0].replicas: gateways.istio-ingressgateway.maxReplicas is 5, fewer than the 9 of replicas; raise it, or set it to 0 for a fixed number'],
    ],
    [
      'two ports of one name',
      { files: [file('gateways:\n  - name: a\n    service:\n      ports: [{ name: b, port: 80 }, { name: b, port: 81 }]\n')] },
      ['v.yaml:4: gateways.a.service.ports[1].name is b, as that of another port is'],
    ],
    [
      'a node port without nodes',
      { set: ['gateways[0].service.ports[0].nodePort=30000', 'gateways[0].service.type=ClusterIP'] },
      [
        '--set gateways[0].service.ports[0].nodePort: gateways.istio-ingressgateway.service.ports[0].nodePort is given, and a Service of type ClusterIP has none',
      ],
    ],
    [
      'an address without a load balancer',
      { set: ['gateways[0].service.loadBalancerIP=10.0.0.1', 'gateways[0].service.type=NodePort'] },
      [
        '--set gateways[0].service.loadBalancerIP: gateways.istio-ingressgateway.service.loadBalancerIP is given, and a Service of type NodePort has none; set service.type to LoadBalancer',
      ],
    ],
  ])('of several values: %s', (_, input, expected) => {
    expect(said(input)).toEqual(expected);
  });

  it('are all told at once, and the values stay usable types', () => {
    const { values, problems } = merge({ files: [file('a: 1\nnamespace: 2\ncontroller: { replicas: x }\n')], set: ['b=1'] });
    expect(problems).toHaveLength(4);
    expect(values).toEqual(profileValues('default'));
  });
});
