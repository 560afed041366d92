import { describe, expect, it } from 'vitest';
import { documentsWith, textFile, textOf } from './documents.ts';
import { namesOfApiRoute, namesOfVirtualService, wordOfHost, writtenObject } from './references.ts';
import { isPlainHttp } from './service-text.ts';

const fileOf = (text: string) => {
  const file = textFile({ name: 'a.yaml', text, json: false });
  if (!file) throw new Error('no file');
  return file;
};

describe('the kind of a document', () => {
  it.each<[string, string, string | undefined]>([
    ['as everybody writes it', 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n', 'Service'],
    ['in the first line, after comments', '# one\n\n# kind: Pod\nkind: Service\n', 'Service'],
    ['with Windows ends of lines', 'apiVersion: v1\r\nkind: Service\r\nspec: {}\r\n', 'Service'],
    ['one below another field is none', 'kind: Service\nspec:\n  kind: Pod\n', 'Service'],
    ['twice', 'kind: Service\nkind: Pod\n', undefined],
    ['quoted', 'kind: "Service"\n', undefined],
    ['with a comment', 'kind: Service # a\n', undefined],
    ['in flow style', '{kind: Service}\n', undefined],
    ['in flow style over several lines', '{\nkind: Service\n}\n', undefined],
    ['of a list', 'kind: List\nitems: []\n', undefined],
    ['with an escape anywhere', 'kind: Service\nmetadata: {name: "\\u0061"}\n', undefined],
    ['indented', '  kind: Service\n', undefined],
    ['not at all', 'metadata: {}\n', undefined],
  ])('%s', (_, text, kind) => expect(fileOf(text).documents.map((document) => document.kind)).toEqual([kind]));

  it('letters whose lower case is longer make a text that is read as a whole', () => {
    expect(textFile({ name: 'a.yaml', text: 'kind: Service # İ\n', json: false })).toBeUndefined();
  });
});

describe('documents with a word', () => {
  const file = fileOf(
    ['host: cart', 'host: cart-2', 'host: my-cart', 'host: CART.shop', 'note: a/cart:80', 'x: y', '"cart"'].map((line) => `${line}\n`).join('---\n'),
  );

  it.each([
    ['cart', ['host: cart', 'host: CART.shop', 'note: a/cart:80', '"cart"']],
    ['cart.shop', ['host: CART.shop']],
    ['shop', ['host: CART.shop']],
    ['art', []],
    ['', []],
  ])('%s', (word, lines) => expect(documentsWith(file, word).map((document) => textOf(document).trim())).toEqual(lines));
});

it.each([
  ['cart', 'cart'],
  ['Cart.shop.svc.cluster.local', 'cart'],
  ['cart.shop', 'cart.shop'],
  ['api.example.com', 'api.example.com'],
  ['*.example.com', 'example.com'],
  ['*', ''],
  ['10.0.0.1', '10.0.0.1'],
])('%s is found by "%s"', (host, word) => expect(wordOfHost(host)).toBe(word));

describe('a service that certainly speaks HTTP at its only port', () => {
  const service = (ports: string, more = ''): string => `kind: Service\nmetadata:\n  name: cart\nspec:\n  ports:\n${ports}${more}`;
  it.each<[string, string, string | undefined]>([
    ['by its name', service('    - name: http\n      port: 80\n'), '80'],
    ['with a suffix', service('    - name: grpc-api\n      port: 8080\n      protocol: TCP\n      targetPort: 1\n'), '8080'],
    ['in flow style', 'kind: Service\nmetadata: {name: cart}\nspec: {ports: [{name: http, port: 80}]}\n', '80'],
    ['two ports', service('    - name: http\n      port: 80\n    - name: http-2\n      port: 81\n'), undefined],
    ['another protocol', service('    - name: tcp\n      port: 80\n'), undefined],
    ['no name', service('    - port: 80\n'), undefined],
    ['one that is declared otherwise', service('    - name: http\n      port: 80\n      appProtocol: tcp\n'), undefined],
    ['UDP', service('    - name: http\n      port: 80\n      protocol: UDP\n'), undefined],
    ['headless', service('    - name: http\n      port: 80\n', '  clusterIP: None\n'), undefined],
    ['another name', service('    - name: http\n      port: 80\n', '  type: ExternalName\n'), undefined],
    ['a service that is called http', service('    - name: http\n      port: 80\n').replace('name: cart', 'name: http'), undefined],
    [
      'labels whose names end in name',
      service('    - name: http\n      port: 80\n').replace('metadata:', 'metadata:\n  labels: {app.kubernetes.io/name: cart}'),
      '80',
    ],
    [
      'an annotation that looks like a port',
      service('    - name: http\n      port: 80\n').replace('metadata:', 'metadata:\n  annotations: {a: "name: x"}'),
      undefined,
    ],
  ])('%s', (_, text, port) => expect(isPlainHttp(text)).toBe(port));
});

describe('names in objects', () => {
  it('of a virtual service: those of rules that are wanted', () => {
    const written = writtenObject(
      {
        kind: 'VirtualService',
        metadata: { name: 'cart' },
        spec: {
          hosts: ['cart', null],
          gateways: ['mesh', 'edge/public'],
          http: [
            { match: [{ gateways: ['other'] }], route: [{ destination: { host: 'a' } }], mirror: { host: 'b' } },
            { route: [{ destination: { host: 'c' } }] },
            { delegate: { name: 'rest', namespace: 'ops' } },
            null,
          ],
        },
      },
      'shop',
    );
    if (!written) throw new Error('no object');
    expect(namesOfVirtualService(written, (rule) => JSON.stringify(rule).includes('"a"'))).toEqual({
      hosts: ['cart'],
      gateways: ['mesh', 'public', 'other'],
      delegates: ['rest'],
      destinations: ['a', 'b'],
    });
  });

  it('of a delegate: its own', () => {
    const written = writtenObject({ kind: 'VirtualService', metadata: { name: 'rest' }, spec: { http: [{}] } }, 'shop');
    expect(written && namesOfVirtualService(written, () => true).delegates).toEqual(['rest']);
  });

  it('of a route of the Gateway API', () => {
    const written = writtenObject(
      {
        kind: 'HTTPRoute',
        metadata: { name: 'cart' },
        spec: {
          parentRefs: [{ name: 'public' }],
          hostnames: ['a.example.com'],
          rules: [{ backendRefs: [{ name: 'cart' }, { name: 'cart-2' }], filters: [{ requestMirror: { backendRef: { name: 'copy' } } }] }],
        },
      },
      'shop',
    );
    expect(written && namesOfApiRoute(written)).toEqual({
      hosts: ['a.example.com'],
      gateways: ['public'],
      delegates: [],
      destinations: ['cart', 'cart-2', 'copy'],
    });
  });
});
