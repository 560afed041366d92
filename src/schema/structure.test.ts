import { describe, expect, it } from 'vitest';
import { loadSource } from '../manifest/load.ts';
import { formatPath } from '../manifest/problem.ts';
import { loadStructure, type StructureProblem, type StructureScope } from './structure.ts';

async function problemsOf(yaml: string, scope?: StructureScope): Promise<readonly StructureProblem[]> {
  const { resources } = loadSource({ name: 'test.yaml', text: yaml, json: false }, { defaultNamespace: '' });
  const check = await loadStructure(
    resources.map((r) => r.kindName),
    scope,
  );
  return resources.flatMap(check);
}

/** `code path`, and the help after a bar where a test is about it. */
const brief = ({ code, path = [] }: StructureProblem): string => `${code} ${formatPath(path)}`;

const istio = (kind: string, spec: string, version = 'networking.istio.io/v1'): string =>
  `{apiVersion: ${version}, kind: ${kind}, metadata: {name: a}, spec: ${spec}}`;
const core = (kind: string, rest: string, version = 'v1'): string => `{apiVersion: ${version}, kind: ${kind}, metadata: {name: a}, ${rest}}`;
const gateway = (kind: string, spec: string): string => `{apiVersion: gateway.networking.k8s.io/v1, kind: ${kind}, metadata: {name: a}, spec: ${spec}}`;
const deployment = (pod: string): string => core('Deployment', `spec: {selector: {}, template: ${pod}}`, 'apps/v1');

describe('unknown fields', () => {
  it.each([
    ['a near name', istio('VirtualService', '{http: [{retrys: {}}]}'), 'spec.http[0].retrys', 'did you mean "retries"?', 'retries'],
    [
      'the spelling of the proto',
      istio('VirtualService', '{http: [{mirror_percentage: {}}]}'),
      'spec.http[0].mirror_percentage',
      'write "mirrorPercentage": a cluster does not know the spelling of the proto',
      'mirrorPercentage',
    ],
    ['a name that is set, too', istio('VirtualService', '{hosts: [a], hots: [b]}'), 'spec.hots', 'did you mean "hosts"? That is set here already', undefined],
    [
      'too deep',
      istio('VirtualService', '{http: [{route: [{destination: {host: a}, timeout: 1s}]}]}'),
      'spec.http[0].route[0].timeout',
      '"timeout" is a field of spec.http[0]: move it there, or look at the indentation',
      undefined,
    ],
    [
      'not deep enough',
      istio('VirtualService', '{http: [{uri: {exact: /}}]}'),
      'spec.http[0].uri',
      '"uri" is a field of an item of spec.http[0].match: move it there, or look at the indentation',
      undefined,
    ],
    [
      'nothing like it',
      istio('VirtualService', '{http: [{match: [{uri: {glob: a}}]}]}'),
      'spec.http[0].match[0].uri.glob',
      'there are exact, prefix, regex',
      undefined,
    ],
    ['at the top', core('ConfigMap', 'dta: {}'), 'dta', 'did you mean "data"?', 'data'],
    [
      'in a pod template',
      deployment('{spec: {containers: [{name: a, prots: []}]}}'),
      'spec.template.spec.containers[0].prots',
      'did you mean "ports"?',
      'ports',
    ],
    [
      'of a name that every object has',
      istio('VirtualService', '{constructor: {}}'),
      'spec.constructor',
      'there are exportTo, gateways, hosts, http, tcp, tls',
      undefined,
    ],
  ])('%s', async (_, yaml, path, help, renamed) => {
    const [problem, ...more] = await problemsOf(yaml);
    expect(more).toEqual([]);
    expect({ code: problem?.code, path: formatPath(problem?.path ?? []), help: problem?.help, renamed: problem?.fix?.text }).toEqual({
      code: 'WFT0004',
      path,
      help,
      renamed,
    });
  });

  it.each([
    ['of metadata', `{apiVersion: v1, kind: Service, metadata: {name: a, nickname: b}}`],
    ['of metadata in a pod template', deployment('{metadata: {nickname: b}, spec: {containers: []}}')],
    ['of the status', core('Service', 'status: {x: 1}')],
    ['in maps from any key', istio('WasmPlugin', '{url: a, pluginConfig: {a: {b: c}}}', 'extensions.istio.io/v1alpha1')],
    ['below what no schema looks into', deployment('{spec: {containers: [], affinity: {x: 1}}}')],
    ['of versions without a schema', istio('VirtualService', '{x: 1}', 'networking.istio.io/v1alpha9')],
  ])('are not looked for %s', async (_, yaml) => {
    expect(await problemsOf(yaml)).toEqual([]);
  });

  it('stop at a number that nobody reads', async () => {
    const fields = Array.from({ length: 200 }, (_, i) => `x${i}: 1`).join(', ');
    expect(await problemsOf(istio('VirtualService', `{${fields}}`))).toHaveLength(50);
  });

  it('replace the missing field that they mean', async () => {
    expect((await problemsOf(istio('DestinationRule', '{hots: a}'))).map(brief)).toEqual(['WFT0004 spec.hots']);
  });
});

describe('values that cannot be decoded', () => {
  it.each([
    ['ConfigMap: a list for a map', core('ConfigMap', 'data: []'), 'data', 'has to be a map, and this is a list'],
    ['ConfigMap: a boolean for text', core('ConfigMap', 'data: {a: yes}'), 'data.a', 'has to be text, and this is the boolean true'],
    ['Service: text for a list', core('Service', 'spec: {ports: web}'), 'spec.ports', 'has to be a list, and this is the text "web"'],
    ['Service: a quoted port', core('Service', 'spec: {ports: [{port: "80"}]}'), 'spec.ports[0].port', 'has to be a whole number, and this is the text "80"'],
    [
      'Service: a port name that is a boolean',
      core('Service', 'spec: {ports: [{name: y, port: 80}]}'),
      'spec.ports[0].name',
      'has to be text, and this is the boolean true',
    ],
    [
      'Service: a port beyond 32 bits',
      core('Service', 'spec: {ports: [{port: 9999999999}]}'),
      'spec.ports[0].port',
      'has to be 2147483647 or less, and this is the number 9999999999',
    ],
    ['Service: a broken port', core('Service', 'spec: {ports: [{port: 80.5}]}'), 'spec.ports[0].port', 'has to be a whole number, and this is the number 80.5'],
    [
      'Service: a boolean where names and numbers fit',
      core('Service', 'spec: {ports: [{port: 80, targetPort: true}]}'),
      'spec.ports[0].targetPort',
      'has to be a whole number or text, and this is the boolean true',
    ],
    [
      'Deployment: labels that are numbers',
      deployment('{metadata: {labels: {v: 1}}}'),
      'spec.template.metadata.labels.v',
      'has to be text, and this is the number 1',
    ],
    [
      'Deployment: no quantity',
      deployment('{spec: {containers: [{name: a, resources: {limits: {cpu: fast}}}]}}'),
      'spec.template.spec.containers[0].resources.limits.cpu',
      'has to be a quantity such as 500m or 1Gi, and this is the text "fast"',
    ],
    [
      'metadata of any kind',
      '{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, generation: x}}',
      'metadata.generation',
      'has to be a whole number, and this is the text "x"',
    ],
    [
      'times',
      '{apiVersion: v1, kind: Pod, metadata: {name: a, creationTimestamp: now}}',
      'metadata.creationTimestamp',
      'has to be a time such as 2024-01-31T12:00:00Z, and this is the text "now"',
    ],
    ['Gateway API', gateway('HTTPRoute', '{hostnames: a}'), 'spec.hostnames', 'has to be a list, and this is the text "a"'],
    ['Secret, whose values are not shown', core('Secret', 'data: {a: "12345"}'), 'data.a', 'has to be text in base64, and this is other text'],
  ])('%s', async (_, yaml, path, text) => {
    for (const scope of ['everything', 'decoding'] as const) {
      const problems = await problemsOf(yaml, scope);
      expect(problems.map(brief)).toEqual([`WFT0003 ${path}`]);
      expect(problems[0]?.text).toBe(text);
    }
  });

  it.each([
    ['null for anything', core('Service', 'spec: {ports: null, selector: {a: null}, type: null}')],
    ['numbers and texts for ports', core('Service', 'spec: {ports: [{port: 80, targetPort: 8080}, {port: 81, targetPort: web}]}')],
    ['numbers for quantities', deployment('{spec: {containers: [{name: a, resources: {limits: {cpu: 1, memory: 1.5Gi}}}]}}')],
    ['base64 over lines', core('Secret', 'data: {a: "YWJj\\nZGU=\\n"}')],
    ['a creation time that is null', deployment('{metadata: {creationTimestamp: null}, spec: {containers: []}}')],
  ])('%s is fine', async (_, yaml) => {
    expect(await problemsOf(yaml)).toEqual([]);
  });

  it('are left to decode.ts in the specs of Istio: what that accepts, a cluster refuses', async () => {
    const yaml = istio('VirtualService', '{http: [{route: [{destination: {host: a, port: {number: "80"}}}]}]}');
    expect((await problemsOf(yaml)).map(brief)).toEqual(['WFT0006 spec.http[0].route[0].destination.port.number']);
    expect(await problemsOf(yaml, 'decoding')).toEqual([]);
  });

  it('have advice that can be applied', async () => {
    const fixes = async (yaml: string): Promise<unknown> => (await problemsOf(yaml)).map(({ fix }) => fix?.number ?? fix?.text);
    expect(await fixes(core('ConfigMap', 'data: {a: 0644, b: yes, c: 1.0}'))).toEqual(['0644', 'yes', '1.0']);
    expect(await fixes(core('Service', 'spec: {ports: [{port: "80"}]}'))).toEqual([80]);
    expect(await fixes(core('Service', 'spec: {type: LoadBalncer}'))).toEqual(['LoadBalancer']);
    expect(await fixes(core('Secret', 'stringData: {a: 12345}'))).toEqual([undefined]);
  });
});

describe('what a cluster refuses', () => {
  it.each([
    ['a missing field', istio('DestinationRule', '{}'), 'spec.host', 'spec lacks the field "host"'],
    ['a missing spec', '{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a}}', 'spec', 'the resource lacks the field "spec"'],
    ['null for a field that is needed', istio('DestinationRule', '{host: null}'), 'spec.host', 'spec lacks the field "host"'],
    [
      'a range',
      istio('ProxyConfig', '{concurrency: -1}', 'networking.istio.io/v1beta1'),
      'spec.concurrency',
      'spec.concurrency has to be 0 or more, and this is the number -1',
    ],
    [
      'an empty text',
      istio('Telemetry', '{tracing: [{providers: [{name: ""}]}]}', 'telemetry.istio.io/v1'),
      'spec.tracing[0].providers[0].name',
      'spec.tracing[0].providers[0].name has to be text that is not empty, and this is the text ""',
    ],
    [
      'no entry',
      istio('PeerAuthentication', '{selector: {matchLabels: {a: b}}, portLevelMtls: {}}', 'security.istio.io/v1'),
      'spec.portLevelMtls',
      'spec.portLevelMtls has to have 1 entry or more, and this is a map of 0',
    ],
    [
      'one of a set of values',
      core('Service', 'spec: {ports: [{port: 1, protocol: tcp}]}'),
      'spec.ports[0].protocol',
      'spec.ports[0].protocol has to be SCTP, TCP or UDP, and this is the text "tcp"',
    ],
    [
      'a pattern with a name',
      gateway('HTTPRoute', '{hostnames: [A.b]}'),
      'spec.hostnames[0]',
      'spec.hostnames[0] has to be a DNS name in small letters, *. in front allowed, and this is the text "A.b"',
    ],
    [
      'fields that exclude each other',
      istio('VirtualService', '{http: [{match: [{uri: {exact: a, regex: b}}]}]}'),
      'spec.http[0].match[0].uri.regex',
      'spec.http[0].match[0].uri may have only one of exact, prefix and regex, and it has exact and regex',
    ],
    [
      'equal items',
      istio('ServiceEntry', '{hosts: [a.b], ports: [{number: 1, name: a}, {number: 2, name: a}]}'),
      'spec.ports[1].name',
      'spec.ports[1] has the same name as item 0: name a',
    ],
    ['null items of a list', core('Service', 'spec: {ports: [null]}'), 'spec.ports[0]', 'spec.ports[0] has to be a map, and this is null'],
    [
      'a rule about a value',
      istio('VirtualService', '{http: [{timeout: 0s}]}'),
      'spec.http[0].timeout',
      'spec.http[0].timeout has to be a duration of 1ms or more, such as 10s or 1m30s, and this is the text "0s"',
    ],
    [
      'a rule about keys',
      istio('PeerAuthentication', '{selector: {matchLabels: {a: b}}, portLevelMtls: {"99999": {}}}', 'security.istio.io/v1'),
      'spec.portLevelMtls',
      'spec.portLevelMtls must have ports from 1 to 65535 as keys',
    ],
    [
      'a rule about a missing field',
      gateway('HTTPRoute', '{rules: [{backendRefs: [{name: a}]}]}'),
      'spec.rules[0].backendRefs[0].port',
      'spec.rules[0].backendRefs[0] has to have a port, because it refers to a Service',
    ],
    [
      'an address that is none',
      gateway('Gateway', '{gatewayClassName: a, listeners: [{name: a, port: 1, protocol: TCP}], addresses: [{value: a}]}'),
      'spec.addresses[0].value',
      'spec.addresses[0] has to have an IP address as its value, because its type is IPAddress',
    ],
  ])('%s', async (_, yaml, path, text) => {
    const problems = await problemsOf(yaml);
    expect(problems.map(brief)).toEqual([`WFT0006 ${path}`]);
    expect(problems[0]?.text).toBe(text);
    expect(await problemsOf(yaml, 'decoding')).toEqual([]);
  });

  it.each([
    ['what a default fills in', gateway('HTTPRoute', '{rules: [{matches: [{path: {value: /a}}], backendRefs: [{name: a, port: 80}]}]}')],
    ['a default that a rule is about', gateway('HTTPRoute', '{rules: [{backendRefs: [{name: a, group: example.com, kind: Bucket}]}]}')],
    [
      'an address of another type',
      gateway('Gateway', '{gatewayClassName: a, listeners: [{name: a, port: 1, protocol: TCP}], addresses: [{type: Hostname, value: a.b}, {value: "::1"}]}'),
    ],
    ['null for a text', core('ConfigMap', 'data: {a: null}')],
  ])('not %s', async (_, yaml) => {
    expect(await problemsOf(yaml)).toEqual([]);
  });

  it('one thing at one place', async () => {
    expect((await problemsOf(core('Service', 'spec: {type: [a]}'))).map(brief)).toEqual(['WFT0003 spec.type']);
    expect((await problemsOf(gateway('HTTPRoute', '{hostnames: [""]}'))).map(brief)).toEqual(['WFT0006 spec.hostnames[0]']);
  });

  it('rules are not asked about values of wrong types', async () => {
    expect((await problemsOf(gateway('HTTPRoute', '{parentRefs: [{name: a}, {name: a, port: 0}]}'))).map(brief)).toEqual(['WFT0006 spec.parentRefs[1].port']);
  });

  it('does not change the resource', async () => {
    const text = gateway('HTTPRoute', '{rules: [{matches: [{path: {value: /a}}]}]}');
    const { resources } = loadSource({ name: 'a', text, json: false }, { defaultNamespace: '' });
    const before = JSON.stringify(resources[0]?.raw);
    (await loadStructure(['gateway-api/HTTPRoute']))(resources[0] as never);
    expect(JSON.stringify(resources[0]?.raw)).toBe(before);
  });
});
