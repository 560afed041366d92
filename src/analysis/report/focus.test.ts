import { expect, it } from 'vitest';
import { loadSource } from '../../manifest/load.ts';
import { lineText } from '../../manifest/position.ts';
import type { Fix, Path } from '../../manifest/problem.ts';
import type { Resource } from '../../manifest/resource.ts';
import { focusOf } from './focus.ts';
import { itemOfFinding } from './report.ts';

/** The characters that are pointed at. */
function focus(yaml: string, path: Path | undefined, text: string, fix?: Fix): string | undefined {
  const { resources } = loadSource({ name: 'a.yaml', text: yaml, json: false }, { defaultNamespace: '' });
  const item = itemOfFinding({
    code: 'X',
    level: 'Error',
    analyzer: 'x',
    text,
    summary: '',
    resource: resources[0] as Resource,
    path,
    help: undefined,
    effect: undefined,
    related: [],
    fix,
    same: undefined,
  });
  const place = focusOf(item);
  return place && lineText(place.source, place.line)?.slice(place.column - 1, place.line === place.endLine ? place.endColumn - 1 : undefined);
}

const yaml = `# comment
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart}
spec:
  hosts: [cart]
  http:
    - name: "v9"
      timeout: 5s
      rewrite:
        uri:
          /a
      route:
        - destination: { host: cart, subset: v9 }
`;
const route = ['spec', 'http', 0, 'route', 0, 'destination'];

it.each<[string, Path | undefined, string, string]>([
  ['a value that the message names', [...route, 'subset'], 'subset "v9" of host "cart" does not exist', 'v9'],
  ['one in quotes', ['spec', 'http', 0, 'name'], 'rule v9 is wrong', '"v9"'],
  ['a key that the message names', ['spec', 'http', 0, 'timeout'], 'the timeout is too short', 'timeout'],
  ['neither', [...route, 'subset'], 'this is wrong', 'subset: v9'],
  ['a part of a word', [...route, 'subset'], 'v99 and my-v9 and a subset-of', 'subset: v9'],
  ['a map', route, 'the destination is wrong', 'destination'],
  ['an item', ['spec', 'hosts', 0], 'host cart is wrong', 'cart'],
  ['a value on another line', ['spec', 'http', 0, 'rewrite', 'uri'], 'uri /a is wrong', '/a'],
  ['what is not written', [...route, 'port'], 'port is missing', 'destination'],
  ['the whole resource', undefined, 'it is wrong', 'cart'],
])('%s', (_, path, text, expected) => {
  expect(focus(yaml, path, text)).toBe(expected);
});

it.each<[Fix['target'], string]>([
  ['value', '5s'],
  ['key', 'timeout'],
  ['entry', 'timeout'],
])('what a repair changes: its %s', (target, expected) => {
  const path = ['spec', 'http', 0, 'timeout'];
  expect(focus(yaml, path, 'this is wrong', { title: '', path, target, text: 'x' })).toBe(expected);
  expect(focus(yaml, path, 'this is wrong', { title: '', path: route, target, text: 'x' })).toBe('timeout: 5s');
});

it('a resource without a name, and one that is written nowhere', () => {
  expect(focus('apiVersion: v1\nkind: Service\nmetadata:\n  generateName: a\n', undefined, 'wrong')).toBe('metadata');
  expect(focus('apiVersion: v1\nkind: Service\n', undefined, 'wrong')).toBe('apiVersion: v1');
});
