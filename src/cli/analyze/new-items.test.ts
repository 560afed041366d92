import { expect, it } from 'vitest';
import type { ReportItem } from '../../analysis/report/report.ts';
import { newOf } from './new-items.ts';

const item = (code: string, origin = 'VirtualService shop/cart', more: Partial<ReportItem> = {}): ReportItem =>
  ({ code, origin, text: `text of ${code}`, field: 'spec', file: undefined, ...more }) as ReportItem;

it.each<[string, ReportItem[], ReportItem[], string[]]>([
  ['nothing', [], [], []],
  ['another code', [item('A')], [item('A'), item('B')], ['B']],
  ['once more', [item('A')], [item('A'), item('A')], ['A']],
  ['the same in a file, on another line', [item('A')], [item('A', undefined, { file: 'a.yaml', place: { line: 3 } as ReportItem['place'] })], []],
  ['another resource', [item('A')], [item('A', 'VirtualService shop/web')], ['A']],
  ['another field', [item('A')], [item('A', undefined, { field: 'spec.http[1]' })], ['A']],
  ['files without a resource', [item('A', '', { file: 'a.yaml' })], [item('A', '', { file: 'b.yaml' })], ['A']],
  ['what is gone', [item('A'), item('B')], [item('B')], []],
])('%s', (_, before, now, expected) => expect(newOf(before, now).map(({ code }) => code)).toEqual(expected));
