import { expect, it } from 'vitest';
import { namespacesWith } from './locate.ts';

const one = 'kind: Service\nmetadata: {name: cart, namespace: shop}\n';

it.each<[string, string[], string[] | undefined]>([
  ['one', [one], ['shop']],
  ['several', [one, one.replace('shop', 'ops')], ['shop', 'ops']],
  ['that of what names none', [one.replace(', namespace: shop', '')], ['default']],
  ['another kind', [one.replace('Service', 'Pod')], []],
  ['a longer name', [one.replace('name: cart', 'name: cart-2')], []],
  ['the name in another place', ['kind: Service\nmetadata: {name: web, labels: {app: cart}}\n'], []],
  ['a document whose kind only YAML tells', [one, 'kind: "Service"\n'], undefined],
  ['one that is broken', [one, 'kind: Service\nmetadata: {name: cart\n'], ['shop']],
])('%s', (_, documents, namespaces) => {
  const found = namespacesWith([{ name: 'a.yaml', text: documents.join('---\n'), json: false }], 'cart', new Set(['Service']), 'default');
  expect(found && [...found]).toEqual(namespaces);
});
