import { describe, expect, it } from 'vitest';
import type { Resource } from '../manifest/resource.ts';
import { type AnyAnalyzer, analyze, type EngineOptions, type EngineResult } from './engine.ts';
import { message } from './message.ts';
import { meshOf, type TestOptions } from './testing.ts';

const TST0001 = message<{ name: string; same?: string }>({
  name: 'Test',
  level: 'Warning',
  summary: 'a test',
  text: ({ name }) => `said of ${name}`,
  help: ({ name }) => `help for ${name}`,
  effect: 'none',
});

function analyzer(more: Partial<AnyAnalyzer> = {}): AnyAnalyzer {
  return {
    name: 'test.A',
    summary: '',
    reads: ['ConfigMap'],
    preset: 'recommended',
    messages: { TST0001 },
    check: ({ mesh, report }) => {
      for (const map of mesh.list('ConfigMap')) report('TST0001', map, ['data'], { name: map.name });
    },
    ...more,
  };
}

const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n';

function run(analyzers: AnyAnalyzer[], options: Partial<EngineOptions> = {}, world: TestOptions = {}): Promise<EngineResult> {
  return analyze(meshOf(yaml, world), analyzers, { preset: 'recommended', validate: () => [], ...options });
}

describe('analyze', () => {
  it('makes findings of reports, in their order', async () => {
    const { findings, ran, crashes, skipped } = await run([analyzer()]);
    expect(findings.map((f) => f.text)).toEqual(['said of a', 'said of b']);
    expect(findings[0]).toMatchObject({
      code: 'TST0001',
      level: 'Warning',
      analyzer: 'test.A',
      summary: 'a test',
      path: ['data'],
      help: 'help for a',
      effect: 'none',
      related: [],
    });
    expect([ran, crashes, skipped]).toEqual([['test.A'], [], []]);
  });

  it('what a report brings along wins over the message', async () => {
    const fix = { title: 'do it', path: ['data'], target: 'entry' as const };
    const { findings } = await run([
      analyzer({
        check: ({ mesh, report }) => report('TST0001', mesh.list('ConfigMap')[0] as Resource, undefined, { name: 'x' }, { help: 'other', effect: 'more', fix }),
      }),
    ]);
    expect(findings[0]).toMatchObject({ help: 'other', effect: 'more', fix, path: undefined });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('broken');
      },
    ],
    [
      'reports what it does not declare',
      ({ mesh, report }: { mesh: { list: (k: string) => unknown[] }; report: (...a: unknown[]) => void }) =>
        report('TST0002', mesh.list('ConfigMap')[0], [], {}),
    ],
    ['reports data that its message cannot hold', ({ report }: { report: (...a: unknown[]) => void }) => report('TST0001', undefined, [], undefined)],
  ] as const)('an analyzer that %s does not stop the others', async (_, check) => {
    const { crashes, ran, findings } = await run([analyzer({ name: 'test.Bad', check: check as AnyAnalyzer['check'] }), analyzer()]);
    expect(crashes.map((c) => c.analyzer)).toEqual(['test.Bad']);
    expect(ran).toEqual(['test.A']);
    expect(findings).toHaveLength(2);
  });

  it('waits for those that take their time, and for nothing else', async () => {
    const order: string[] = [];
    const slow = analyzer({
      name: 'test.Slow',
      check: async () => {
        await null;
        order.push('slow');
      },
    });
    const quick = analyzer({
      name: 'test.Quick',
      check: () => {
        order.push('quick');
        return 5 as unknown as undefined;
      },
    });
    expect((await run([slow, quick])).ran).toEqual(['test.Slow', 'test.Quick']);
    expect(order).toEqual(['slow', 'quick']);
  });

  it('levels are changed by code, analyzer and resource; off drops', async () => {
    const { findings } = await run([analyzer()], {
      levelOf: (code, name, { name: of }) => (code === 'TST0001' && name === 'test.A' ? (of === 'a' ? 'off' : 'Error') : undefined),
    });
    expect(findings.map((f) => [f.text, f.level])).toEqual([['said of b', 'Error']]);
  });

  it('options of the configuration are over those of the analyzer', async () => {
    let seen: unknown;
    const one = analyzer({
      options: { a: 1, b: 2 },
      check: ({ options }) => {
        seen = options;
      },
    });
    await run([one], { optionsOf: (name) => (name === 'test.A' ? { b: 3 } : undefined) });
    expect(seen).toEqual({ a: 1, b: 3 });
  });

  it('what is not known is skipped, once a kind', async () => {
    const asking = analyzer({ check: ({ knows, knowsWorkloads }) => void [knows('Gateway'), knows('Gateway'), knows('ConfigMap'), knowsWorkloads()] });
    expect((await run([asking], {}, { assume: 'auto' })).skipped).toEqual([
      { analyzer: 'test.A', kind: 'Gateway' },
      { analyzer: 'test.A', kind: 'Pod' },
    ]);
    expect((await run([asking], {}, { assume: 'complete' })).skipped).toEqual([]);
  });

  it("the reference's analyzers do not run without the kinds that it reads from a cluster only", async () => {
    const pods = analyzer({ preset: 'reference', reads: ['ConfigMap', 'Pod', 'Namespace'] });
    const { ran, skipped, findings } = await run([pods], {}, { assume: 'mesh-only' });
    expect([ran, findings, skipped.map((s) => s.kind)]).toEqual([[], [], ['Pod', 'Namespace']]);
    expect((await run([analyzer({ preset: 'recommended', reads: ['Pod'] })], {}, { assume: 'mesh-only' })).ran).toEqual(['test.A']);
  });

  it('a message is found on the analyzer alone, not on what objects have of JavaScript', async () => {
    const { crashes } = await run([analyzer({ check: ({ mesh, report }) => report('toString', mesh.list('ConfigMap')[0] as Resource, [], {} as never) })]);
    expect(crashes).toHaveLength(1);
  });
});
