import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyzers } from '../analyzers/index.ts';
import type { Messages } from '../src/analysis/message.ts';
import { sourceText } from '../src/manifest/files.ts';
import { runPipeline } from '../src/pipeline/pipeline.ts';

const folder = join(import.meta.dirname, '../docs/rules');
const own = analyzers.flatMap((a) => Object.keys(a.messages as Messages).filter((code) => /^WFT1\d{3}$/.test(code)));
const codes = [...new Set(own)].sort();

/** Codes that the default settings find in a YAML text; a block may name a world: ```yaml bad complete */
async function codesOf(yaml: string, info: string): Promise<string[]> {
  const { findings, problems, engine } = await runPipeline({
    sources: [sourceText('page.yaml', yaml)],
    defaultNamespace: '',
    istioNamespace: 'istio-system',
    assume: info.includes('complete') ? 'complete' : 'auto',
    preset: info.includes('strict') ? 'strict' : 'recommended',
    analyzers: analyzers.filter((a) => a.preset !== 'strict' || info.includes('strict')),
    knownHosts: [],
    now: new Date('2025-06-01T00:00:00Z'),
  });
  expect(problems, 'the example has to be valid').toEqual([]);
  expect(engine.crashes).toEqual([]);
  return findings.map((f) => f.code);
}

describe('pages of messages', () => {
  it('every page belongs to a message', () => {
    const pages = readdirSync(folder).map((f) => f.replace(/\.md$/, ''));
    expect(pages.filter((p) => !codes.includes(p))).toEqual([]);
  });

  describe.each(codes)('%s', (code) => {
    const file = join(folder, `${code}.md`);
    const page = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const blocks = [...page.matchAll(/^```yaml (bad|good)([^\n]*)\n(.*?)^```/gms)].map((m) => ({
      kind: m[1] as string,
      info: m[2] as string,
      yaml: m[3] as string,
    }));

    it('has a page that says why, and when not to use it, with a bad and a good example', () => {
      expect(page).toMatch(new RegExp(`^# ${code}: `));
      for (const heading of ['## Bad', '## Good', '## When not to use it']) expect(page).toContain(heading);
      expect(new Set(blocks.map((b) => b.kind))).toEqual(new Set(['bad', 'good']));
    });

    it.each(blocks)('the $kind example is $kind', async ({ kind, info, yaml }) => {
      const found = await codesOf(yaml, info);
      if (kind === 'bad') expect(found).toContain(code);
      else expect(found).not.toContain(code);
    });
  });
});
