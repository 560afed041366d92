import { expect, it } from 'vitest';
import { sourceText } from '../../manifest/files.ts';
import { shownLine } from './source-line.ts';

const lines = (text: string): (string | undefined)[] => {
  const source = sourceText('a.yaml', text);
  return text.split('\n').map((_, i) => shownLine(source, i + 1));
};

const secret = (more: string): string => `apiVersion: v1\nkind: Secret\nmetadata: { name: a }\n${more}`;

it.each<[string, string, string[]]>([
  ['values', 'stringData:\n  user: shop\n  tls.key: "s3cret"', ['stringData:', '  user: …', '  tls.key: …']],
  ['in one line', 'data: { a: czNjcmV0, b: 1 }', ['data: …']],
  ['with nothing around it', 'data: s3cret', ['data: …']],
  ['a text of several lines', 'stringData:\n  a: |-\n    s3cret one\n    password: two', ['stringData:', '  a: |-', '    …', '    password: …']],
  ['a text that does not end', 'stringData:\n  a: "s3cret\n  b: c', ['stringData:', '  a: …', '  b: …']],
  ['lists and comments', 'x:\n  - s3cret\n  # s3cret', ['x:', '  …', '  #…']],
  ['what everybody may see', 'type: kubernetes.io/tls\nimmutable: true', ['type: kubernetes.io/tls', 'immutable: true']],
])('of a Secret no values: %s', (_, more, expected) => {
  expect(lines(secret(more)).slice(3)).toEqual(expected);
});

it('of a Secret before and after others', () => {
  const config = 'kind: ConfigMap\ndata: { a: b }';
  expect(lines(`${config}\n---\n${secret('data: { a: b }')}\n---\n${config}`)).toEqual([
    ...config.split('\n'),
    '---',
    'apiVersion: v1',
    'kind: Secret',
    'metadata: …',
    'data: …',
    '---',
    ...config.split('\n'),
  ]);
});

it.each([
  ['{"apiVersion":"v1","kind":"Secret","data":{"a":"czNjcmV0"}}', ['…']],
  ['{\n  "kind": "Secret",\n  "data": {\n    "a": "czNjcmV0"\n  }\n}', ['{', '  "kind": "Secret",', '  "data": …', '    "a": …', '  }', '}']],
  ['kind: List\nitems:\n- kind: Secret\n  data: { a: b }', ['kind: List', 'items:', '- kind: Secret', '  data: …']],
])('of a Secret in JSON, or in a list: %s', (text, expected) => {
  expect(lines(text)).toEqual(expected);
});

it.each([
  ['a symmetric key', `jwks: '{"keys":[{"kty":"oct","k":"s3cret"}]}'`, `jwks: '{"keys":[{"kty":"oct","k":"…"}]}'`],
  ['in a text of JSON', String.raw`jwks: "{\"keys\":[{\"k\":\"s3cret\"},]}"`, String.raw`jwks: "{\"keys\":[{\"k\":\"…\"},]}"`],
  ['a private key in one line', 'key: "-----BEGIN PRIVATE KEY-----\\nMIIE"', 'key: "-----BEGIN PRIVATE KEY-----…'],
])('of keys only what is public: %s', (_, text, expected) => {
  expect(lines(text)).toEqual([expected]);
});

it('of a private key in several lines', () => {
  expect(lines('key: |\n  -----BEGIN EC PRIVATE KEY-----\n  MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtL\n  -----END EC PRIVATE KEY-----')).toEqual([
    'key: |',
    '  -----BEGIN EC PRIVATE KEY-----…',
    '  …',
    '  -----END EC PRIVATE KEY-----',
  ]);
});

it('everything else is as it is written', () => {
  const text = 'kind: VirtualService\nspec:\n  hosts: [a, "b"]\n  http:\n    - match: [{ uri: { prefix: /k } }]\n\n';
  expect(lines(text)).toEqual(text.split('\n'));
  expect(shownLine(sourceText('a.yaml', text), 8)).toBeUndefined();
});

it('of one long document the lines are found fast', () => {
  const source = sourceText('a.yaml', `kind: ConfigMap\ndata:\n${'  key: value\n'.repeat(200_000)}`);
  const start = performance.now();
  for (let line = 3; line < 20_000; line++) expect(shownLine(source, line * 10)).toBe('  key: value');
  expect(performance.now() - start).toBeLessThan(10_000);
});
