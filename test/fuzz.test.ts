// Any input, however broken: no crash, an end, one and the same report.
//
//   npm run fuzz                 50,000 cases (FUZZ_RUNS: how many; FUZZ_SEED and FUZZ_PATH: the case of a report again; FUZZ_SHRINK:
//                                make a failing case small)
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { SourceText } from '../src/manifest/resource.ts';
import { splitDocuments } from '../src/manifest/split.ts';
import { parseYaml } from '../src/manifest/yaml.ts';
import { check, type Setting } from './fuzz/check.ts';
import { mutate, type Step } from './fuzz/mutate.ts';
import { startWatchdog } from './fuzz/watchdog.ts';
import { meshes } from './meshes.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 2000);
const seed = process.env.FUZZ_SEED === undefined ? undefined : Number(process.env.FUZZ_SEED);

/** The documents of each mesh. */
const seeds = meshes.map((mesh) => mesh.flatMap(({ text }) => splitDocuments(text).map(({ start, end }) => text.slice(start, end))));

const number = fc.noBias(fc.nat({ max: 2 ** 30 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), op: number, document: number, at: number, length: number, token: number }),
  fc.record({ kind: fc.constant('value' as const), op: number, document: number, at: number, value: number, form: number }),
);

const input = fc.record({
  mesh: number,
  /** A second mesh beside it. */
  other: fc.option(number),
  steps: fc.array(step, { maxLength: 6 }),
  files: fc.integer({ min: 1, max: 3 }),
  json: fc.boolean(),
});

const setting: fc.Arbitrary<Setting> = fc.record({
  preset: fc.constantFrom('reference', 'recommended', 'strict'),
  assume: fc.constantFrom('auto', 'complete', 'mesh-only'),
  namespace: fc.constantFrom('', 'default', 'shop'),
});

function parse(document: string): unknown {
  try {
    const { value } = parseYaml(document, true);
    // Aliases share objects; a copy has none, and cycles have no copy.
    return JSON.parse(JSON.stringify(value ?? null));
  } catch {
    return undefined;
  }
}

function sourcesOf({ mesh, other, steps, files, json }: typeof input extends fc.Arbitrary<infer T> ? T : never): SourceText[] {
  const documents = [...(seeds[mesh % seeds.length] ?? []), ...(other === null ? [] : (seeds[other % seeds.length] ?? []))];
  const mutated = mutate(documents, parse, steps);
  const size = Math.ceil(mutated.length / files);
  return Array.from({ length: files }, (_, i) => {
    const name = json && i === 0 ? 'a.json' : `${'abc'[i]}.yaml`;
    return { name, text: mutated.slice(i * size, (i + 1) * size).join('\n---\n'), json: name.endsWith('.json') };
  });
}

const watchdog = startWatchdog(30);
afterAll(() => watchdog.stop());

const show = (sources: readonly SourceText[], { preset, assume, namespace }: Setting): string =>
  [`preset ${preset}, assume ${assume}, namespace "${namespace}"`, ...sources.map(({ name, text }) => `==== ${name}\n${text}`)].join('\n');

test(`${runs} broken inputs are reported, and nothing else happens`, { timeout: 60_000 + runs * 100 }, async () => {
  const property = fc.asyncProperty(input, setting, async (from, how) => {
    const sources = sourcesOf(from);
    const before = sourcesOf({ ...from, steps: [] });
    const description = show(sources, how);
    try {
      await watchdog.watch(description, () => check(sources, before, how));
    } catch (error) {
      throw new Error(`${(error as Error).stack}\n${description}`);
    }
  });
  await fc.assert(property, { numRuns: runs, seed, path: process.env.FUZZ_PATH, endOnFailure: process.env.FUZZ_SHRINK === undefined });
});

test('the inputs that the cases start from say something', () => {
  expect(seeds.map((documents) => documents.length).every((n) => n >= 5)).toBe(true);
});
