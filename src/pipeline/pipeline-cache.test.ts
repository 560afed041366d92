import fc from 'fast-check';
import { expect, it } from 'vitest';
import { analyzers } from '../../analyzers/index.ts';
import { meshes } from '../../test/meshes.ts';
import { defineAnalyzer } from '../analysis/analyzer.ts';
import type { AnyAnalyzer, Preset } from '../analysis/engine.ts';
import { itemOfFinding, itemOfProblem, type ReportItem } from '../analysis/report/report.ts';
import { sourceText } from '../manifest/files.ts';
import type { Resource, SourceText } from '../manifest/resource.ts';
import { splitDocuments } from '../manifest/split.ts';
import type { Assume } from '../model/mesh.ts';
import { type PipelineResult, runPipeline } from './pipeline.ts';
import { PipelineCache } from './pipeline-cache.ts';

interface Settings {
  preset: Preset;
  assume: Assume;
}

const run = (sources: readonly SourceText[], settings: Settings, cache?: PipelineCache, all: readonly AnyAnalyzer[] = analyzers): Promise<PipelineResult> =>
  runPipeline({
    ...settings,
    sources,
    cache,
    analyzers: all,
    defaultNamespace: 'default',
    istioNamespace: 'istio-system',
    knownHosts: [],
    now: new Date('2025-06-01T00:00:00Z'),
  });

/** All that a run says, without the objects that it says it of. */
function said({ mesh, findings, problems, engine, unknownKinds }: PipelineResult): unknown {
  const plain = ({ resource, place, related, ...rest }: ReportItem): unknown => ({
    ...rest,
    place: place && { ...place, source: place.source.text },
    related: related.map((r) => ({ ...r, place: r.place && { ...r.place, source: r.place.source.text } })),
  });
  const { skipped, crashes, ran } = engine;
  return {
    size: mesh.size,
    findings: findings.map(itemOfFinding).map(plain),
    problems: problems.map(itemOfProblem).map(plain),
    skipped,
    crashes,
    ran,
    unknownKinds: [...unknownKinds],
  };
}

/** Documents of all meshes, and some that are broken or change everything. */
const documents = [
  ...meshes.flatMap((mesh) => mesh.flatMap(({ text }) => splitDocuments(text).map(({ start, end }) => text.slice(start, end)))),
  'a: [',
  'kind: Deployment\n',
  'apiVersion: example.org/v1\nkind: Other\nmetadata: {name: a}\n',
  // Often, because much depends on it.
  ...[
    '{mesh: "rootNamespace: shop"}',
    '{mesh: "rootNamespace: front"}',
    '{mesh: "outboundTrafficPolicy: {mode: NOPE}", meshNetworks: "networks: {a: {}}"}',
  ].flatMap((data) => Array<string>(6).fill(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata: ${data}\n`)),
];
const names = ['a.yaml', 'b.yaml', 'c.yaml', 'd.json'];
const words = [...new Set(documents.join('\n').match(/\b[a-z][a-z0-9-]{2,}\b/g))];

interface Edit {
  op: 'add' | 'remove' | 'word' | 'move' | 'delete' | 'nothing';
  file: number;
  at: number;
  which: number;
}
const edit: fc.Arbitrary<Edit> = fc.record({
  op: fc.constantFrom('add', 'add', 'add', 'remove', 'word', 'word', 'move', 'delete', 'nothing'),
  file: fc.nat({ max: names.length - 1 }),
  at: fc.nat(),
  which: fc.nat(),
});

/** The documents of each file. */
type Files = string[][];

function edited(files: Files, { op, file, at, which }: Edit): Files {
  const out = files.map((docs) => [...docs]);
  const docs = out[file] as string[];
  const index = docs.length === 0 ? 0 : at % docs.length;
  const document = documents[which % documents.length] as string;
  switch (op) {
    case 'add':
      docs.splice(index, 0, document);
      break;
    case 'remove':
      docs.splice(index, 1);
      break;
    case 'delete':
      docs.length = 0;
      break;
    case 'move':
      (out[which % out.length] as string[]).push(...docs.splice(index, 1));
      break;
    case 'word': {
      const text = docs[index] ?? '';
      const found = text.match(/\b[a-z][a-z0-9-]{2,}\b/g) ?? [];
      const word = found[which % Math.max(1, found.length)];
      if (word) docs[index] = text.replaceAll(word, words[(which * 7 + at) % words.length] as string);
    }
  }
  return out;
}

const sourcesOf = (files: Files): SourceText[] => files.flatMap((docs, i) => (docs.length === 0 ? [] : [sourceText(names[i] as string, docs.join('\n---\n'))]));

it('a run with what the runs before it left says the same as a run of its own', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ preset: fc.constantFrom('reference', 'recommended', 'strict'), assume: fc.constantFrom('auto', 'complete', 'mesh-only') }),
      fc.array(fc.array(fc.nat(), { maxLength: 12 }), { minLength: names.length, maxLength: names.length }),
      fc.array(edit, { minLength: 1, maxLength: 8 }),
      async (settings: Settings, start, edits) => {
        const cache = new PipelineCache();
        let files: Files = start.map((list) => list.map((n) => documents[n % documents.length] as string));
        for (const step of [undefined, ...edits]) {
          if (step) files = edited(files, step);
          const incremental = said(await run(sourcesOf(files), settings, cache));
          expect(incremental).toEqual(said(await run(sourcesOf(files), settings)));
        }
      },
    ),
    { numRuns: 100 },
  );
}, 120_000);

const virtual = (name: string): string => `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}}\nspec: {hosts: [a]}\n`;
const gateway = (name: string): string => `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: ${name}}\nspec: {}\n`;

it('does again only what a change asks for', async () => {
  const calls: string[] = [];
  const counting = (name: string, kind: string, reads: string[]): AnyAnalyzer =>
    defineAnalyzer({
      name,
      summary: '',
      reads,
      preset: 'recommended',
      messages: {},
      check({ mesh }) {
        mesh.list(kind);
        calls.push(name);
      },
    });
  // The second does not tell what it reads, as plug-ins may.
  const all = [counting('virtual', 'VirtualService', ['VirtualService']), counting('gateway', 'Gateway', [])];
  const cache = new PipelineCache();
  const settings: Settings = { preset: 'recommended', assume: 'auto' };
  const step = async (...texts: string[]): Promise<{ calls: string[]; resources: Resource[] }> => {
    calls.length = 0;
    const { mesh } = await run(
      texts.map((text, i) => sourceText(`${i}.yaml`, text)),
      settings,
      cache,
      all,
    );
    return { calls: [...calls], resources: [...mesh.list('VirtualService'), ...mesh.list('Gateway')] };
  };
  const first = await step(virtual('a'), gateway('a'));
  expect(first.calls).toEqual(['virtual', 'gateway']);
  const same = await step(virtual('a'), gateway('a'));
  expect(same).toEqual({ calls: [], resources: first.resources });
  expect(same.resources.every((r, i) => r === first.resources[i])).toBe(true);
  const second = await step(virtual('a'), gateway('b'));
  expect(second.calls).toEqual(['gateway']);
  expect(second.resources[0]).toBe(first.resources[0]);
  expect((await step(virtual('a'))).calls).toEqual(['gateway']);
  expect((await step(gateway('c'), virtual('a'))).calls).toEqual(['virtual', 'gateway']);
});

it('looks again when the hour or the mesh configuration is another, and after a crash', async () => {
  let calls = 0;
  let crash = false;
  const analyzer: AnyAnalyzer = defineAnalyzer({
    name: 'a',
    summary: '',
    reads: ['Gateway'],
    preset: 'recommended',
    messages: {},
    check() {
      calls++;
      if (crash) throw new Error('crash');
    },
  });
  const cache = new PipelineCache();
  const at = async (now: string, meshConfig?: string): Promise<number> => {
    calls = 0;
    const meshConfigSource = meshConfig === undefined ? undefined : sourceText('mesh.yaml', meshConfig);
    await runPipeline({
      sources: [],
      meshConfigSource,
      analyzers: [analyzer],
      cache,
      preset: 'recommended',
      assume: 'auto',
      defaultNamespace: '',
      istioNamespace: 'i',
      knownHosts: [],
      now: new Date(now),
    });
    return calls;
  };
  expect(await at('2025-06-01T00:00:00Z')).toBe(1);
  expect(await at('2025-06-01T00:59:00Z')).toBe(0);
  expect(await at('2025-06-01T01:00:00Z')).toBe(1);
  expect(await at('2025-06-01T01:00:00Z', 'rootNamespace: x')).toBe(1);
  expect(await at('2025-06-01T01:00:00Z', 'rootNamespace: x')).toBe(0);
  crash = true;
  expect(await at('2025-06-01T02:00:00Z', 'rootNamespace: x')).toBe(1);
  expect(await at('2025-06-01T02:00:00Z', 'rootNamespace: x')).toBe(1);
});
