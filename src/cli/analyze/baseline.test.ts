import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReportItem } from '../../analysis/report/report.ts';
import { CliError } from '../exit.ts';
import { applyBaseline, pruneBaseline, readBaseline, writeBaseline } from './baseline.ts';

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-baseline-'));
  file = join(folder, 'baseline.json');
});
afterAll(() => rmSync(folder, { recursive: true }));

const item = (code: string, origin = 'Pod a/b', more: Partial<ReportItem> = {}): ReportItem =>
  ({ code, origin, text: `text of ${code}`, field: 'spec', file: 'a.yaml', unparsable: false, ...more }) as ReportItem;

const codes = (items: readonly ReportItem[]): string[] => items.map((i) => i.code);

describe('a baseline', () => {
  it('has each finding once with how often it occurs, sorted, and nothing that cannot be used', () => {
    const items = [item('T2'), item('T1'), item('T2'), item('T0', '', { unparsable: true }), item('T3', '')];
    expect(writeBaseline(file, items)).toBe(4);
    expect(JSON.parse(readFileSync(file, 'utf8')).findings).toEqual([
      { code: 'T1', resource: 'Pod a/b', field: 'spec', message: 'text of T1', count: 1 },
      { code: 'T2', resource: 'Pod a/b', field: 'spec', message: 'text of T2', count: 2 },
      { code: 'T3', resource: 'a.yaml', field: 'spec', message: 'text of T3', count: 1 },
    ]);
    expect(readdirSync(folder)).toEqual(['baseline.json']);
  });

  it('covers each finding as often as it has it', () => {
    writeBaseline(file, [item('T1'), item('T2'), item('T2'), item('T9')]);
    const { items, suppressed, gone } = applyBaseline(
      [
        item('T1'),
        item('T1'),
        item('T2'),
        item('T3'),
        item('T1', 'Pod a/c'),
        item('T1', 'Pod a/b', { field: 'status' }),
        item('T2', 'Pod a/b', { unparsable: true }),
      ],
      readBaseline(file),
    );
    expect([codes(items), suppressed, gone]).toEqual([['T1', 'T3', 'T1', 'T1', 'T2'], 2, 2]);
  });

  it('entries that a merge doubled count together', () => {
    const entry = { code: 'T1', resource: 'Pod a/b', field: 'spec', message: 'text of T1', count: 1 };
    expect(applyBaseline([item('T1'), item('T1')], { version: 1, findings: [entry, entry] }).items).toEqual([]);
  });

  it('is pruned of what is gone, and never grows', () => {
    writeBaseline(file, [item('T1'), item('T2'), item('T2'), item('T2'), item('T3')]);
    expect(pruneBaseline(file, [item('T2'), item('T3'), item('T4')])).toBe(3);
    expect(readBaseline(file).findings.map((e) => [e.code, e.count])).toEqual([
      ['T2', 1],
      ['T3', 1],
    ]);
    expect(pruneBaseline(file, [item('T2'), item('T3')])).toBe(0);
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"version": 2, "findings": []}',
    '{"version": 1}',
    '{"version": 1, "findings": [null]}',
    '{"version": 1, "findings": [{"code": "T1"}]}',
    '{"version": 1, "findings": [{"code": "T1", "resource": "a", "field": "", "message": "", "count": 0}]}',
  ])('is not %s', (text) => {
    writeFileSync(file, text);
    expect(() => readBaseline(file)).toThrow(CliError);
  });

  it('has to be there, and to be writable', () => {
    expect(() => readBaseline(join(folder, 'none.json'))).toThrow('there is no baseline');
    expect(() => writeBaseline(join(folder, 'none/baseline.json'), [])).toThrow(CliError);
    expect(() => writeBaseline(folder, [])).toThrow(CliError);
    expect(readdirSync(folder)).toEqual(['baseline.json']);
  });
});
