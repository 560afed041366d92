import { describe, expect, it } from 'vitest';
import { sourceText } from '../manifest/files.ts';
import { splitDocuments } from '../manifest/split.ts';
import { parseYaml } from '../manifest/yaml.ts';
import { type InjectedManifest, injectManifest } from './objects.ts';
import { configWith } from './testing.ts';

function run(text: string, name = 'mesh.yaml'): InjectedManifest {
  return injectManifest(sourceText(name, text), { config: configWith(), defaultNamespace: 'shop' });
}

/** The first document of a text. */
function first<T>(text: string): T {
  const [chunk] = splitDocuments(text);
  return parseYaml(text.slice(chunk?.start, chunk?.end)).value as T;
}
const pod = '{metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: nginx}]}}';
const names = (spec: { containers: { name: string }[] }): string[] => spec.containers.map(({ name }) => name);

describe('kinds that make pods', () => {
  it.each([
    ['apps/v1', 'Deployment'],
    ['apps/v1', 'StatefulSet'],
    ['apps/v1', 'DaemonSet'],
    ['apps/v1', 'ReplicaSet'],
    ['batch/v1', 'Job'],
    ['v1', 'ReplicationController'],
    ['apps.openshift.io/v1', 'DeploymentConfig'],
    ['extensions/v1beta1', 'Deployment'],
  ])('%s %s', (apiVersion, kind) => {
    const out = run(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: web}\nspec: {template: ${pod}}\n`);
    expect(out).toMatchObject({ injected: [`${kind} shop/web`], skipped: [], problems: [] });
    const object = first<{ spec: { template: { spec: { containers: { name: string }[] }; metadata: { labels: object } } } }>(out.text);
    expect(names(object.spec.template.spec)).toEqual(['app', 'istio-proxy']);
    expect(object.spec.template.metadata.labels).toMatchObject({ 'service.istio.io/canonical-name': 'web' });
  });

  it('v1 Pod', () => {
    const out = run(`apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: web}}\nspec: {containers: [{name: app}]}\nstatus: {}\n`);
    const object = first<{ spec: { containers: { name: string }[] } }>(out.text);
    expect(names(object.spec)).toEqual(['app', 'istio-proxy']);
    expect(Object.keys(object)).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  });

  it('batch/v1 CronJob', () => {
    const out = run(
      `apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly}\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: app}]}}}}}\n`,
    );
    const object = first<{ spec: { jobTemplate: { spec: { template: { metadata: { labels: object }; spec: never } } } } }>(out.text);
    const { template } = object.spec.jobTemplate.spec;
    expect(names(template.spec)).toEqual(['app', 'istio-proxy']);
    expect(Object.keys(template)).toEqual(['metadata', 'spec']);
    expect(template.metadata.labels).toMatchObject({ 'service.istio.io/canonical-name': 'nightly' });
  });

  it('in a list, and others of the list stay', () => {
    const out = run(
      `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: s}}\n- {apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: ${pod}}}\n- null\n`,
    );
    const list = first<{ items: [object, { spec: { template: { spec: never } } }, null] }>(out.text);
    expect(list.items[0]).toEqual({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' } });
    expect(names(list.items[1].spec.template.spec)).toEqual(['app', 'istio-proxy']);
    expect(list.items[2]).toBeNull();
  });
});

describe('what stays as it is, byte for byte', () => {
  it.each([
    ['other kinds', '# a comment\napiVersion: v1\nkind: Service\nmetadata: { name: web } # here\n'],
    ['a kind of that name in another group', 'apiVersion: example.com/v1\nkind: Deployment\nspec: {template: {spec: {containers: []}}}\n'],
    ['nothing', ''],
    ['comments', '# nothing here\n---\n# nor here'],
    ['what is no map', '- a\n- b\n---\ntext\n'],
    ['line ends of Windows', 'kind: Service\r\nmetadata:\r\n  name: a\r\n'],
    ['a mark of the byte order', '\ufeffkind: Service\n'],
    ['a list without pods', 'apiVersion: v1\nkind: List\nitems: [ {kind: Service} ]\n'],
    [
      'a pod that is not to be injected',
      `apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {sidecar.istio.io/inject: "false"}} # no\nspec: {containers: [ ]}\n`,
    ],
    ['keys that are there twice, elsewhere', 'kind: Service\na: 1\na: 2\n'],
  ])('%s', (_, text) => {
    expect(run(text)).toMatchObject({ text, injected: [], problems: [] });
  });

  it('around what changes', () => {
    const before = '# first\napiVersion: v1\nkind: Service\nmetadata: { name: a }   # stays\n--- # next\n';
    const after = '---\n\n# last\nkind: ConfigMap\ndata: {a: "1"}\n';
    const { text } = run(`${before}# of the deployment\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: ${pod}}\n${after}`);
    expect(text.startsWith(`${before}# of the deployment\napiVersion: apps/v1\n`)).toBe(true);
    expect(text.endsWith(`\n${after}`)).toBe(true);
  });
});

it('JSON stays JSON', () => {
  const { text } = run('{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}}', 'pod.json');
  expect(JSON.parse(text)).toMatchObject({ kind: 'Pod', spec: { containers: [{ name: 'istio-proxy' }] } });
});

it('texts that look like something else stay texts', () => {
  const value = '{a: "on", b: "012", c: "1e3", d: "null", e: "~", f: "2020-01-01", g: "1_000", h: "y"}';
  const { text } = run(`apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: ${value}}\nspec: {containers: []}\n`);
  const object = first<{ metadata: { annotations: object } }>(text);
  expect(object.metadata.annotations).toMatchObject(parseYaml(value).value as object);
});

it('writes out aliases, each anew', () => {
  const { text } = run('apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - &c {name: a, image: x}\n  - {<<: *c, name: b}\n');
  const object = first<{ spec: never }>(text);
  expect(names(object.spec)).toEqual(['a', 'b', 'istio-proxy']);
  expect(text).not.toMatch(/[&*]ref/);
});

it('says what is left alone, and why', () => {
  const out = run(
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: other}\nspec: {template: {spec: {hostNetwork: true, containers: []}}}\n`,
  );
  expect(out.skipped).toEqual([{ object: 'Deployment other/web', reason: expect.stringContaining('hostNetwork') }]);
});

describe('problems', () => {
  it.each([
    ['YAML that is none', 'kind: Service\n---\na: [1\n', 3, 'not valid YAML', true],
    [
      'an annotation',
      `apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n    a: b\n    sidecar.istio.io/proxyCPU: fast\nspec: {containers: []}\n`,
      7,
      'Pod shop/p: the annotation sidecar.istio.io/proxyCPU',
      false,
    ],
    [
      'an annotation in a list',
      `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    annotations:\n      sidecar.istio.io/proxyCPU: fast\n  spec: {containers: []}\n`,
      8,
      'fast',
      false,
    ],
    ['no template', 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {}\n', 4, 'spec.template is missing', false],
    ['containers that are none', 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: 3\n', 5, 'spec.containers is 3', false],
    ['a key that is there twice', 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: []\n  containers: []\n', 6, 'set twice', true],
  ])('%s', (_, text, line, said, unparsable) => {
    expect(run(text).problems).toEqual([expect.objectContaining({ line, text: expect.stringContaining(said), unparsable })]);
  });

  it('all of them', () => {
    expect(run('a: [1\n---\nb: {2\n').problems).toHaveLength(2);
  });
});
