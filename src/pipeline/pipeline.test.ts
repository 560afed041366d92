import { describe, expect, it } from 'vitest';
import type { AnyAnalyzer, Interrupt, Preset } from '../analysis/engine.ts';
import { itemOfProblem } from '../analysis/report/report.ts';
import { Deadline } from '../cli/deadline.ts';
import { sourceText } from '../manifest/files.ts';
import { runPipeline } from './pipeline.ts';

interface Options {
  preset?: Preset;
  defaultNamespace?: string;
  analyzers?: AnyAnalyzer[];
  interrupt?: Interrupt;
}

const run = (texts: Record<string, string>, { preset = 'recommended', defaultNamespace = '', analyzers = [], interrupt }: Options = {}) =>
  runPipeline({
    sources: Object.entries(texts).map(([name, text]) => sourceText(name, text)),
    defaultNamespace,
    istioNamespace: 'istio-system',
    assume: 'auto',
    preset,
    analyzers,
    knownHosts: [],
    now: new Date(0),
    interrupt,
  });

const gateway = (name: string, namespace = 'shop', version = 'v1', spec = '{}'): string =>
  `apiVersion: networking.istio.io/${version}\nkind: Gateway\nmetadata:\n  name: ${name}\n${namespace === '' ? '' : `  namespace: ${namespace}\n`}spec: ${spec}\n`;
const list = (...items: string[]): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: items.map((selector) => ({
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name: 'a', namespace: 'shop' },
      spec: { selector: { app: selector } },
    })),
  });

describe('WFT0007', () => {
  it.each<[string, Record<string, string>, Options, string[]]>([
    ['another text', { 'a.yaml': gateway('a', 'shop', 'v1', '{selector: {a: b}}'), 'b.yaml': gateway('a') }, {}, ['a.yaml:4 b.yaml:4']],
    ['in one file', { 'a.yaml': `${gateway('a')}---\n${gateway('a', 'shop', 'v1', '{selector: {a: b}}')}` }, {}, ['a.yaml:4 a.yaml:11']],
    ['another version', { 'a.yaml': gateway('a', 'shop', 'v1beta1'), 'b.yaml': gateway('a') }, {}, ['a.yaml:4 b.yaml:4']],
    [
      'three times',
      { 'a.yaml': gateway('a', 'shop', 'v1beta1'), 'b.yaml': gateway('a', 'shop', 'v1alpha3'), 'c.yaml': gateway('a') },
      {},
      ['a.yaml:4 c.yaml:4', 'b.yaml:4 c.yaml:4'],
    ],
    ['and back again', { 'a.yaml': gateway('a'), 'b.yaml': gateway('a', 'shop', 'v1beta1'), 'c.yaml': gateway('a') }, {}, ['b.yaml:4 c.yaml:4']],
    ['the default namespace', { 'a.yaml': gateway('a', ''), 'b.yaml': gateway('a', 'shop') }, { defaultNamespace: 'shop' }, ['a.yaml:4 b.yaml:4']],
    ['items of a List', { 'a.json': list('a', 'b') }, {}, ['a.json:1 a.json:1']],
    ['the same text', { 'a.yaml': gateway('a'), 'b.yaml': gateway('a') }, {}, []],
    ['the same values', { 'a.yaml': gateway('a'), 'b.yaml': `# Again.\n${gateway('"a"')}` }, {}, []],
    ['another name', { 'a.yaml': `${gateway('a')}---\n${gateway('b')}` }, {}, []],
    ['another namespace', { 'a.yaml': gateway('a'), 'b.yaml': gateway('a', 'front') }, {}, []],
    [
      'another kind of that name',
      { 'a.yaml': gateway('a'), 'b.yaml': gateway('a', 'shop', 'v1', '{a: b}').replace('networking.istio.io', 'gateway.networking.k8s.io') },
      {},
      [],
    ],
    [
      'names that a cluster gives',
      { 'a.yaml': gateway('a').replace('name:', 'generateName:'), 'b.yaml': gateway('b').replace('name:', 'generateName:') },
      {},
      [],
    ],
    ['the reference', { 'a.yaml': gateway('a', 'shop', 'v1beta1'), 'b.yaml': gateway('a') }, { preset: 'reference' }, []],
  ])('%s', async (_, texts, options, expected) => {
    const items = (await run(texts, options)).problems.map(itemOfProblem);
    const placeOf = (place: { file: string; line: number } | undefined): string => `${place?.file}:${place?.line}`;
    expect(items.map(({ place, related }) => [place, ...related.map((r) => r.place)].map(placeOf).join(' '))).toEqual(expected);
    for (const item of items) expect(item).toMatchObject({ code: 'WFT0007', level: 'Warning', unparsable: false });
  });

  it('says where the other one is', async () => {
    const twice = { 'a.yaml': gateway('a', 'shop', 'v1beta1'), 'b.yaml': `${gateway('a', 'shop', 'v1alpha3')}---\n${gateway('a')}` };
    expect((await run(twice)).problems.map((p) => p.text)).toEqual([
      'Gateway shop/a is defined again in b.yaml, and only the last definition counts',
      'Gateway shop/a is defined again in this file, and only the last definition counts',
    ]);
  });
});

describe('an interrupt', () => {
  const analyzer = (check: AnyAnalyzer['check'], name = 'a'): AnyAnalyzer => ({ name, summary: '', reads: [], preset: 'recommended', messages: {}, check });
  /** Time is over at the n-th question. */
  const overAt = (count: number, asked: string[]): Interrupt => ({
    check(doing) {
      asked.push(doing);
      if (asked.length > count) throw new Error('over');
    },
    race: (pending) => pending,
  });

  it('is asked before each source and each analyzer', async () => {
    const asked: string[] = [];
    await run({ 'a.yaml': '', 'b.yaml': '' }, { analyzers: [analyzer(() => {}, 'x'), analyzer(() => {}, 'y')], interrupt: overAt(99, asked) });
    expect(asked).toEqual(['reading a.yaml', 'reading b.yaml', 'decoding a.yaml', 'decoding b.yaml', 'running x', 'running y']);
  });

  it('ends the run', async () => {
    let calls = 0;
    const analyzers = [analyzer(() => void calls++), analyzer(() => void calls++)];
    await expect(run({ 'a.yaml': '' }, { analyzers, interrupt: overAt(3, []) })).rejects.toThrow('over');
    expect(calls).toBe(1);
  });

  it('ends an analyzer that waits for ever', async () => {
    const analyzers = [analyzer(() => new Promise(() => {}), 'waiting')];
    await expect(run({}, { analyzers, interrupt: new Deadline('20ms', 20e6) })).rejects.toThrow('gave up after 20ms, while running waiting');
  });
});

it('the reference passes over kinds that no analyzer asks for', async () => {
  const wrong = gateway('a', 'shop', 'v1', '[]');
  const asks = (kind: string) => ({ name: 'a', summary: '', reads: [kind], preset: 'reference', messages: {}, check() {} }) as unknown as AnyAnalyzer;
  const count = async (options: Options): Promise<number> => (await run({ 'a.yaml': wrong }, options)).problems.length;
  expect(await count({ preset: 'reference', analyzers: [asks('Sidecar')] })).toBe(0);
  expect(await count({ preset: 'reference', analyzers: [asks('Gateway')] })).toBe(1);
  expect(await count({ analyzers: [asks('Sidecar')] })).toBe(1);
});

describe('mesh configuration', () => {
  const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: mesh}\ndata: {mesh: "rootNamespace: root"}\n';

  it.each<[string, Preset, string, string]>([
    ['of the ConfigMap', 'recommended', map, 'root'],
    ['without one', 'recommended', '', 'mesh'],
    ['of the reference, which takes the ConfigMap from a cluster only', 'reference', map, 'istio-system'],
  ])('%s', async (_, preset, text, root) => {
    const { mesh } = await runPipeline({
      sources: [sourceText('a.yaml', text)],
      defaultNamespace: '',
      istioNamespace: 'mesh',
      assume: 'complete',
      preset,
      analyzers: [],
      knownHosts: [],
      now: new Date(0),
    });
    expect(mesh.rootNamespace).toBe(root);
  });
});
