// Input as nobody should write it: a clear message or a result, soon, and never a crash.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyzers } from '../analyzers/index.ts';
import { formatPretty } from '../src/analysis/report/pretty.ts';
import { itemOfFinding, itemOfProblem, referenceOf } from '../src/analysis/report/report.ts';
import { plainStyle } from '../src/analysis/report/style.ts';
import { maxFileBytes, readFiles, sourceText } from '../src/manifest/files.ts';
import type { SourceText } from '../src/manifest/resource.ts';
import type { PipelineResult } from '../src/pipeline/pipeline.ts';
import { pipelineOf } from '../src/pipeline/testing.ts';

function run(sources: readonly SourceText[]): Promise<PipelineResult> {
  return pipelineOf(sources, { defaultNamespace: '', assume: 'auto', preset: 'strict', analyzers, now: new Date('2025-06-01T00:00:00Z') });
}

/** What is said, a line each, after every report could be made. */
async function said(...texts: string[]): Promise<string[]> {
  const result = await run(texts.map((text, i) => sourceText(`${'abc'[i]}.yaml`, text)));
  expect(result.engine.crashes).toEqual([]);
  const items = [...result.problems.map(itemOfProblem), ...result.findings.map(itemOfFinding)];
  formatPretty({ items }, plainStyle);
  return items.map((item) => `${item.code} ${referenceOf(item)}: ${item.text}`);
}

const virtualService = (name: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: shop}
spec:
  hosts: [${name}.example.com]
  gateways: [${name}]
  http:
    - route: [{destination: {host: ${name}.example.com}}]
`;

const gateway =
  'apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: other, namespace: shop}\nspec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}\n';

/** That it is found shows that the rest of the input was analyzed. */
const missing = (name: string, line: number, file = 'a.yaml'): string => `IST0101 ${file}:${line}: gateway "${name}" does not exist`;

async function soon<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  expect(performance.now() - start).toBeLessThan(milliseconds);
  return result;
}

describe('YAML that grows', () => {
  const levels = [
    'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
    ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`),
  ];
  test.each([
    ['an alias bomb', `apiVersion: v1\nkind: ConfigMap\n${levels.join('\n')}\n`],
    ['an alias that is in itself', 'apiVersion: v1\nkind: ConfigMap\ndata: &a\n  b: *a\n'],
    ['10,000 brackets', `a: ${'['.repeat(10_000)}`],
    ['10,000 maps', `a: ${'{a: '.repeat(10_000)}`],
    ['10,000 dashes', '- '.repeat(10_000)],
  ])('%s is refused, and what is beside it is analyzed', async (_, text) => {
    const lines = await soon(20_000, () => said(`${text}\n---\n${virtualService('front')}---\n${gateway}`));
    expect(lines[0]).toMatch(/^WFT0001 a.yaml:\d+: this document is not valid YAML: /);
    expect(lines.at(-1)).toMatch(/gateway "front" does not exist/);
  });

  test('a few aliases of much are fine', async () => {
    const list = Array.from({ length: 1000 }, (_, i) => `v${i}`).join(', ');
    expect(await said(`apiVersion: example.com/v1\nkind: Mine\na: &a [${list}]\nb: [*a, *a, *a]\n`)).toEqual([]);
  });
});

describe('much of it', () => {
  test('100,000 small documents', async () => {
    const many = Array.from({ length: 100_000 }, (_, i) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c${i}, namespace: a}\n---\n`).join('');
    const result = await soon(20_000, () => run([sourceText('a.yaml', `${many}${virtualService('front')}---\n${gateway}`)]));
    expect([result.mesh.size, result.problems.length]).toEqual([100_002, 0]);
    expect(result.findings.map((f) => f.text)).toEqual(['gateway "front" does not exist']);
  }, 40_000);

  test('one line of 5 MB', async () => {
    const items = Array.from({ length: 10_000 }, (_, i) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `c${i}` },
      data: { a: 'x'.repeat(430) },
    }));
    const bad = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bad' }, data: { a: 5 } };
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...items, bad] });
    expect(text.length).toBeGreaterThan(5_000_000);
    expect(await soon(20_000, () => said(text))).toEqual(['WFT0003 a.yaml:1: data.a has to be text, and this is the number 5']);
  }, 40_000);

  test('one text of 5 MB, and a name', async () => {
    const lines = await soon(20_000, () =>
      said(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${'n'.repeat(100_000)}}\ndata: {a: ${'x'.repeat(5_000_000)}}\n`),
    );
    expect(lines.filter((line) => line.startsWith('WFT0001'))).toEqual([]);
  });

  test('10,000 problems in one document', async () => {
    const lines = await soon(20_000, () =>
      said(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n${Array.from({ length: 10_000 }, (_, i) => `  k${i}: ${i}\n`).join('')}`),
    );
    expect(lines.length).toBeGreaterThan(0);
  }, 40_000);
});

describe('no text takes ages', () => {
  const n = 200_000;
  const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n';
  test.each([
    ['blank lines', `a: [${'\n'.repeat(n)}`],
    ['blanks', `a: [${' '.repeat(n)}`],
    ['tabs', `a: {${'\t'.repeat(n)}b: [`],
    ['tabs between', `a:\n  b: {${'c:\t1,\t'.repeat(n / 20)}`],
    ['quotes', `a: "${"'".repeat(n)}`],
    ['words in quotes', `a: [${"'b' ".repeat(n / 4)}`],
    ['backslashes', `a: "${'\\'.repeat(n + 1)}"`],
    ['comments', `a: [ #${' #'.repeat(n)}`],
    ['hyphens', `${'-'.repeat(n)}\n: [`],
    ['separators', '---\n'.repeat(n)],
    ['template braces', `a: [${'{{ '.repeat(n / 3)}`],
    ['question marks', '? '.repeat(n / 40)],
    ['keys of nothing', `${': '.repeat(n / 40)}`],
    ['anchors', `${'&a '.repeat(n / 3)}`],
    ['tags', `a: ${'!'.repeat(n)}`],
    ['a text of blanks', `${head}  a: "${' '.repeat(n)}"\n`],
    ['a text of line ends', `${head}  a: "${'\\n'.repeat(n)}"\n  b: 5\n`],
    ['a name of blanks', `apiVersion: v1\nkind: Pod\nmetadata: {name: "${' '.repeat(n)}"}\nspec: {containers: 5}\n`],
    [
      'a value of blanks that is wrong',
      `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: a}\nspec: {servers: [{port: {number: 80, name: "${' '.repeat(n)}", protocol: "${'a\\n '.repeat(n / 4)}"}, hosts: ["${'*.'.repeat(n / 2)}"]}]}\n`,
    ],
    ['a host of dots', virtualService(`a${'.a'.repeat(n / 2)}`)],
    ['words that are booleans', `${head}${Array.from({ length: 2000 }, (_, i) => `  k${i}: "y"\n`).join('')}  z: [${'y, '.repeat(2000)}]\n`],
    ['suppressions', `${head}${'# weft-disable-next-line IST0101\n'.repeat(2000)}  a: b\n`],
  ])('%s', async (_, text) => {
    await soon(20_000, () => said(text));
  });
});

describe('texts of other systems', () => {
  test.each([
    ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['a byte order mark', (text: string) => `\ufeff${text}`],
    ['a byte order mark and CRLF', (text: string) => `\ufeff${text.replaceAll('\n', '\r\n')}`],
    ['blanks at the ends of lines', (text: string) => text.replaceAll('\n', ' \t\n')],
    ['no line end at the end', (text: string) => text.trimEnd()],
    ['a separator first', (text: string) => `---\n${text}`],
  ])('%s changes nothing', async (_, change) => {
    const lines = await said(change(`${virtualService('front')}---\n${gateway}`));
    expect(lines).toEqual([missing('front', _ === 'a separator first' ? 7 : 6)]);
  });

  test.each([
    [
      'a tab in front',
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n',
      'WFT0001 a.yaml:4: this document is not valid YAML: tab characters must not be used in indentation',
    ],
    [
      'a quote that nothing ends',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "a}\n',
      'WFT0001 a.yaml:3: this document is not valid YAML: unexpected end of the stream within a double quoted scalar',
    ],
    [
      'a key twice',
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  name: b\n',
      'WFT0002 a.yaml:5: this key is set twice in one map; the last one wins',
    ],
    ['binary', 'PK\u0003\u0004\u0000\u0000', 'WFT0001 a.yaml: this is a binary file, not YAML or JSON'],
  ])('%s is told with its place, and other documents are analyzed', async (_, text, line) => {
    const lines = await said(text, virtualService('front'), gateway);
    expect(lines).toEqual([line, missing('front', 6, 'b.yaml')]);
  });
});

test('names of JavaScript are names', async () => {
  const odd = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
  const documents = odd.flatMap((name) => [
    virtualService(name),
    `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${name}, labels: {${name}: ${name}}, annotations: {${name}: ${name}}}\nspec: {selector: {${name}: ${name}}, ports: [{name: ${name}, port: 80}]}\n`,
    `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: ${name}, namespace: ${name}}\nspec: {host: ${name}, subsets: [{name: ${name}, labels: {${name}: ${name}}}], trafficPolicy: {tls: {mode: ${name}}}}\n`,
    `apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: ${name}, namespace: ${name}}\nspec: {gatewayClassName: ${name}, listeners: [{name: ${name.toLowerCase().replaceAll('_', '')}, port: 80, protocol: ${name}}]}\n`,
    `apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: ${name}, namespace: ${name}}\nspec: {parentRefs: [{name: ${name}}], rules: [{backendRefs: [{name: ${name}, port: 80}]}]}\n`,
    `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: ${name}, labels: {${name}: ${name}}}\nspec: {containers: [{name: ${name}, image: ${name}}]}\n`,
  ]);
  const lines = await said(documents.join('---\n'));
  // An enum has only the values of its own.
  expect(lines.filter((line) => line.includes('spec.trafficPolicy.tls.mode'))).toHaveLength(odd.length);
  expect(({} as Record<string, unknown>).a).toBeUndefined();
});

describe('files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'weft-robust-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('one that goes away while the others are read', () => {
    for (const name of ['a.yaml', 'b.yaml']) writeFileSync(join(folder, name), '');
    const input = readFiles([join(folder, 'a.yaml'), '-', folder], () => {
      rmSync(join(folder, 'b.yaml'));
      return '';
    });
    expect(input.sources.map((s) => s.name)).toEqual([join(folder, 'a.yaml'), '-']);
  });

  test.skipIf(process.getuid?.() === 0)('one that cannot be read does not hide the others', () => {
    for (const name of ['secret.yaml', 'z.yaml']) writeFileSync(join(folder, name), '');
    chmodSync(join(folder, 'secret.yaml'), 0);
    const { sources, unreadable } = readFiles([folder], () => '');
    expect(unreadable).toEqual([{ path: join(folder, 'secret.yaml'), text: 'permission denied' }]);
    expect(sources.map((s) => s.name)).toContain(join(folder, 'z.yaml'));
  });

  test('a larger one than any manifest is refused before it is read', async () => {
    const { truncateSync } = await import('node:fs');
    const path = join(folder, 'large.yaml');
    writeFileSync(path, '');
    truncateSync(path, maxFileBytes + 1);
    expect(readFiles([path], () => '').unreadable).toEqual([
      { path, text: `the file has ${maxFileBytes / 1048576} MiB, and the most is ${maxFileBytes / 1048576} MiB` },
    ]);
  });
});
