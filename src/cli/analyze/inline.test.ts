import { describe, expect, it } from 'vitest';
import { itemOfFinding, type ReportItem } from '../../analysis/report/report.ts';
import { loadSource } from '../../manifest/load.ts';
import type { Path } from '../../manifest/problem.ts';
import type { Resource, SourceText } from '../../manifest/resource.ts';
import { applyInline, type InlineResult } from './inline.ts';

function apply(text: string, codes: [string, Path | undefined, number?][], judges: (code: string) => boolean = () => true, name = 'a.yaml'): InlineResult {
  const source: SourceText = { name, text, json: false };
  const { resources } = loadSource(source, { defaultNamespace: '' });
  const items = codes.map(
    ([code, path, index = 0]): ReportItem =>
      itemOfFinding({
        code,
        path,
        resource: resources[index] as Resource,
        level: 'Error',
        analyzer: 't',
        text: code,
        summary: '',
        help: undefined,
        effect: undefined,
        related: [],
        fix: undefined,
        same: undefined,
      }),
  );
  return applyInline(items, [source], new Map([['T1', ['KIA1']]]), judges);
}

const left = ({ items }: InlineResult): string[] => items.map((i) => (i.code === 'WFT0009' ? `${i.place?.line}: ${i.text}` : i.code));
const disable = '# weft-disable-next-line';
const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';

describe('applyInline', () => {
  it.each([
    ['the next line', `${map}${disable} T1\ndata: {a: b}\n`, ['data', 'a'] as Path, []],
    ['with a reason', `${map}${disable} T1 -- because: of T2\ndata: {a: b}\n`, ['data'], []],
    ['several codes', `${map}${disable} T0, T1\ndata: {a: b}\n`, ['data'], ['4: this comment suppresses T0, and nothing on the next line reports it']],
    ['the code of another tool', `${map}${disable} KIA1\ndata: {a: b}\n`, ['data'], []],
    ['over blank lines and comments', `${map}${disable} T1\n\n  # more\n\ndata: {a: b}\n`, ['data'], []],
    ['indented', `${map}data:\n  ${disable} T1\n  a: b\n`, ['data', 'a'], []],
    ['two comments', `${map}${disable} T1\n${disable} T1\ndata: {a: b}\n`, ['data'], []],
    ['CRLF', `${map}${disable} T1 -- x\ndata: {a: b}\n`.replaceAll('\n', '\r\n'), ['data'], []],
    ['a whole document, before its first line', `${disable} T1\n${map}`, undefined, []],
    ['a whole document, after comments', `# a\n${disable} T1\n# b\n${map}`, undefined, []],
    ['another line', `${disable} T1\n${map}data: {a: b}\n`, ['data'], ['T1', '1: this comment suppresses T1, and nothing on the next line reports it']],
    ['another code', `${map}${disable} T2\ndata: {a: b}\n`, ['data'], ['T1', '4: this comment suppresses T2, and nothing on the next line reports it']],
    ['no code', `${map}${disable}\ndata: {a: b}\n`, ['data'], ['T1', '4: this comment names no code, so it suppresses nothing']],
    ['no code, but a reason', `${map}${disable} -- T1\ndata: {a: b}\n`, ['data'], ['T1', '4: this comment names no code, so it suppresses nothing']],
    ['another word', `${map}${disable}s T1\ndata: {a: b}\n`, ['data'], ['T1']],
    ['behind a value', `${map}data: {a: b} ${disable} T1\n`, ['data'], ['T1']],
    ['at the end of the file', `${map}data: {a: b}\n${disable} T1`, ['data'], ['T1', '5: this comment suppresses T1, and nothing on the next line reports it']],
  ])('%s', (_, text, path, expected) => expect(left(apply(text, [['T1', path]]))).toEqual(expected));

  it('counts what it suppresses', () => {
    const text = `${map}${disable} T1\ndata: {a: b}\n`;
    expect(
      apply(text, [
        ['T1', ['data']],
        ['T1', ['data', 'a']],
        ['T2', ['data']],
      ]),
    ).toMatchObject({ suppressed: 2 });
  });

  it('a comment is called unused only where its code was looked for', () => {
    expect(left(apply(`${disable} T8, T9\n${map}`, [], (code) => code === 'T9'))).toEqual([
      '1: this comment suppresses T9, and nothing on the next line reports it',
    ]);
  });

  it('documents of a List, and a second document', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n${disable} T1\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: b}\n`;
    expect(
      left(
        apply(list, [
          ['T1', undefined, 0],
          ['T1', undefined, 1],
        ]),
      ),
    ).toEqual(['T1']);
    expect(
      left(
        apply(`${map}---\n${disable} T1\n${map}`, [
          ['T1', undefined, 0],
          ['T1', undefined, 1],
        ]),
      ),
    ).toEqual(['T1']);
  });

  it('never drops what could not be used', () => {
    const source: SourceText = { name: 'a.yaml', text: `${disable} WFT0001\na: [\n`, json: false };
    const item = { code: 'WFT0001', unparsable: true, file: 'a.yaml', place: { line: 2, source } } as ReportItem;
    expect(applyInline([item], [source], new Map(), () => false)).toMatchObject({ items: [item], suppressed: 0 });
  });
});
