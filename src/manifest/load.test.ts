import { describe, expect, it } from 'vitest';
import { isKnownVersion } from './kinds.ts';
import { type LoadedSource, loadSource } from './load.ts';
import { positionAt } from './position.ts';

function load(text: string, defaultNamespace = 'default', more: { json?: boolean; damaged?: boolean } = {}): LoadedSource {
  return loadSource({ name: 'a.yaml', text, json: false, ...more }, { defaultNamespace });
}

const namesOf = ({ resources }: LoadedSource): string[] => resources.map((r) => `${r.kindName} ${r.fullName}`);

/** `CODE line: text` of each problem. */
function problemsOf({ problems }: LoadedSource): string[] {
  return problems.map(({ code, source, offset, text }) => `${code} ${source && offset !== undefined ? positionAt(source, offset).line : '-'}: ${text}`);
}

const map = (metadata: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: ${metadata}\n`;

describe('resources', () => {
  it.each([
    ['of the namespace that they name', map('{name: a, namespace: shop}'), ['ConfigMap shop/a']],
    ['of the default namespace', map('{name: a}'), ['ConfigMap default/a']],
    [
      'of the default namespace, where the name is empty or null',
      `${map('{name: a, namespace: ""}')}---\n${map('{name: b, namespace: null}')}`,
      ['ConfigMap default/a', 'ConfigMap default/b'],
    ],
    ['of no namespace', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: shop}\n', ['Namespace a']],
    ['without metadata', 'apiVersion: v1\nkind: ConfigMap\n', ['ConfigMap default/']],
    ['with null for labels and annotations', map('{name: a, labels: null, annotations: ~}'), ['ConfigMap default/a']],
    ['in any version', 'apiVersion: networking.istio.io/v7\nkind: Gateway\nmetadata: {name: a}\n', ['Gateway default/a']],
    ['two kinds of one name', 'apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: a}\n', ['gateway-api/Gateway default/a']],
    [
      'in a List, and a List in it',
      'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret, metadata: {name: b}}]}\n',
      ['ConfigMap default/a', 'Secret default/b'],
    ],
    ['in a List of any group', 'kind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n', ['ConfigMap default/a']],
    ['but none of the cluster itself', `${map('{name: a, namespace: kube-system}')}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: kube-public}\n`, []],
    ['nor of a null document', 'null\n---\n~\n---\n', []],
  ])('%s', (_, text, names) => {
    const loaded = load(text);
    expect([namesOf(loaded), problemsOf(loaded)]).toEqual([names, []]);
  });

  it('where they are in their document', () => {
    const [a, b] = load(
      'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap}\n- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret}]}\n',
    ).resources;
    expect([a?.within, b?.within]).toEqual([
      ['items', 0],
      ['items', 1, 'items', 0],
    ]);
  });

  it.each([
    ['networking.istio.io/v1alpha3', 'VirtualService', 1],
    ['networking.istio.io/v1alpha1', 'VirtualService', 0],
    ['networking.istio.io/v1alpha3', 'EnvoyFilter', 1],
    ['networking.istio.io/v1', 'EnvoyFilter', 0],
    ['networking.istio.io/v1', 'ProxyConfig', 0],
    ['telemetry.istio.io/v1beta1', 'Telemetry', 0],
    ['gateway.networking.k8s.io/v1beta1', 'Gateway', 1],
    ['gateway.networking.k8s.io/v1beta1', 'GRPCRoute', 0],
    ['apps/v1beta1', 'Deployment', 0],
    ['v2', 'Service', 0],
    ['batch/v1beta1', 'CronJob', 1],
  ])('only of versions that Istio knows, where asked: %s %s', (apiVersion, kind, count) => {
    const text = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\n`;
    const isRead = (name: string, version: string): boolean => isKnownVersion(version, name);
    expect(loadSource({ name: 'a.yaml', text, json: false }, { defaultNamespace: '', isRead }).resources).toHaveLength(count);
    expect(load(text).resources).toHaveLength(1);
  });

  it('not of what is passed over, with whatever is in it', () => {
    const { resources, problems } = loadSource(
      { name: 'a.yaml', text: map('{name: a, labels: {a: 1}}'), json: false },
      { defaultNamespace: '', isRead: (kind) => kind !== 'ConfigMap' },
    );
    expect([resources, problems]).toEqual([[], []]);
  });

  it('null for a label is an empty text', () => expect(load(map('{labels: {a: null, b: c}}')).resources[0]?.labels).toEqual({ a: '', b: 'c' }));

  it('kinds of others are counted', () => {
    const { unknownKinds, others } = load(
      'apiVersion: a.b/v1\nkind: X\n---\napiVersion: a.b/v2\nkind: X\n---\napiVersion: v1\nkind: Event\n---\napiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\n',
    );
    expect([...unknownKinds]).toEqual([
      ['X.a.b', 2],
      ['Event', 1],
      ['IstioOperator.install.istio.io', 1],
    ]);
    expect(others).toHaveLength(1);
  });
});

describe('problems', () => {
  it.each([
    ['a text', 'hello\n', ['WFT0001 1: a resource is a map with apiVersion and kind, and this is a string']],
    ['a list', '- a\n', ['WFT0001 1: a resource is a map with apiVersion and kind, and this is a list']],
    ['a number', '5\n', ['WFT0001 1: a resource is a map with apiVersion and kind, and this is a number']],
    ['neither apiVersion nor kind', 'a: b\n', ['WFT0001 1: no apiVersion and no kind, so this is not a Kubernetes resource']],
    ['a kind that is no text', 'apiVersion: v1\nkind: [a]\n', ['WFT0001 1: apiVersion and kind have to be text']],
    ['a List without items', 'apiVersion: v1\nkind: List\nitems: {}\n', ['WFT0001 1: this List has no items']],
    ['metadata that is no map', 'apiVersion: v1\nkind: Pod\nmetadata: [a]\n', ['WFT0001 1: metadata of this Pod has to be a map']],
    ['a name that is no text', map('{name: 5}'), ['WFT0001 1: metadata.name of this ConfigMap has to be text, and it is 5']],
    ['labels that are no text', map('{labels: {a: 1}}'), ['WFT0001 1: metadata.labels of this ConfigMap maps text to text, and a: 1 is not text']],
    ['labels that are a list', map('{labels: [a]}'), ['WFT0001 1: metadata.labels of this ConfigMap maps text to text, and ["a"] is not text']],
    ['an equal key', `${map('{name: a}')}data: {b: c, d: e,\n  b: f}\n`, ['WFT0002 5: this key is set twice in one map; the last one wins']],
    [
      'a word that is a boolean',
      `${map('{name: a}')}data: {b: c}\nd: [off, "off"] # off\n`,
      ['WFT0005 5: unquoted off is the boolean false to Kubernetes, which reads YAML 1.1'],
    ],
    ['zeroes', 'a: \u0000\n', ['WFT0001 -: this is a binary file, not YAML or JSON']],
    ['UTF-16', '\ufffd\ufffda\u0000:\u0000', ['WFT0001 -: this file is in UTF-16, and only UTF-8 is read']],
    [
      'a quote that nothing ends, where it begins',
      `${map('{name: "a}')}data:\n  b: c\n`,
      ['WFT0001 3: this document is not valid YAML: unexpected end of the stream within a double quoted scalar'],
    ],
    [
      'an apostrophe before such a quote',
      `# it's\nname: don't "x"\na: 'it''s'\nb: 'open\nc: "d"\n`,
      ['WFT0001 4: this document is not valid YAML: unexpected end of the stream within a single quoted scalar'],
    ],
  ])('%s', (_, text, expected) => expect(problemsOf(load(text))).toEqual(expected));

  it('bytes that are no UTF-8, in their document only', () => {
    const loaded = load(`${map('{name: a}')}---\n${map('{name: "\ufffd"}')}`, '', { damaged: true });
    expect([namesOf(loaded), problemsOf(loaded)]).toEqual([['ConfigMap a'], ['WFT0001 7: this document is not in UTF-8']]);
    expect(problemsOf(load(map('{name: "\ufffd"}')))).toEqual([]);
  });

  it('one document does not spoil the others', () => {
    const loaded = load(`a: [\n---\n${map('{name: a}')}---\n\tb\n---\n- c\n---\n${map('{name: d}')}`);
    expect(namesOf(loaded)).toEqual(['ConfigMap default/a', 'ConfigMap default/d']);
    expect(loaded.problems.map((p) => p.unparsable)).toEqual([true, true, true]);
  });

  it.each([
    ['{{ .Values.name }}: [', 'render it first'],
    ['a: b\n\tc: d\n', 'blanks'],
    ['a: "b', 'close the quote'],
  ])('%j comes with advice', (text, help) => expect(load(text).problems[0]?.help).toContain(help));
});
