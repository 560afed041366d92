import { describe, expect, it } from 'vitest';
import { peer, policies, rule } from '../../proxy/core/authorization/testing.ts';
import { doc, svc } from '../../translate/testing.ts';
import { namedProxy } from '../../translate/workload-identity.ts';
import type { AccessExample } from '../change.ts';
import { securityChanges } from '../security.ts';
import { changesOf } from '../testing.ts';
import { AccessExamples } from './examples.ts';

const cart = svc('shop/cart http:80');
const deployment = (name: string) =>
  doc(
    'Deployment',
    `shop/${name}`,
    `selector: {matchLabels: {app: ${name}}}, template: {metadata: {labels: {app: ${name}}}, spec: {containers: [{name: app, image: app}]}}`,
  ).replace('networking.istio.io/v1', 'apps/v1');
const security = (kind: string, name: string, spec: string) => doc(kind, `shop/${name}`, spec).replace('networking', 'security');
const policy = (name: string, spec: string) => security('AuthorizationPolicy', name, spec);
const tokens = (issuer: string, more = '') => security('RequestAuthentication', 'jwt', `jwtRules: [{issuer: ${issuer}, jwks: "{}"${more}}]`);

function textOf({ request: { kind, method, host, path, port, headers, claims }, from, old, new: now }: AccessExample): string {
  const what = kind === 'tcp' ? `connection to ${host}` : `${method} ${host}${path}`;
  const more = [port, headers, claims, Object.keys(from).length > 0 ? from : undefined].flatMap((part) => (part === undefined ? [] : [JSON.stringify(part)]));
  return `${[what, ...more].join(' ')}: ${old} → ${now}`;
}

/** Of each change: its examples. */
function examplesOf(old: readonly string[], now: readonly string[]): (string[] | undefined)[] {
  return changesOf([cart, deployment('cart'), ...old], [cart, deployment('cart'), ...now]).map(({ access }) => access?.map(textOf));
}

const deny = (rules: string) => policy('deny', `action: DENY, rules: [${rules}]`);
const allow = (rules: string) => policy('allow', `rules: [${rules}]`);
const web = 'cluster.local/ns/shop/sa/web';

describe('a request that is decided otherwise', () => {
  it.each<[what: string, old: string[], now: string[], expected: string[][]]>([
    [
      'by a method and a path',
      [],
      [deny('{to: [{operation: {methods: [POST], paths: ["/admin*"]}}]}')],
      [['POST cart.shop/admin: allowed → denied with 403 by deny.shop']],
    ],
    [
      'by a path that is allowed no more',
      [deny('{to: [{operation: {paths: [/a]}}]}')],
      [deny('{to: [{operation: {paths: [/a, /b]}}]}')],
      [['GET cart.shop/b: allowed → denied with 403 by deny.shop']],
    ],
    ['of whom no rule allows', [], [allow(`{from: [{source: {principals: [${web}]}}]}`)], [['GET cart.shop/: allowed → denied with 403 as no rule allows it']]],
    [
      'by a rule that was added to others',
      [allow(`{from: [{source: {principals: [${web}]}}], to: [{operation: {paths: [/a]}}]}`)],
      [
        allow(
          `{from: [{source: {principals: [${web}]}}], to: [{operation: {paths: [/a]}}]}, {from: [{source: {namespaces: [ops]}}], to: [{operation: {methods: [PUT]}}]}`,
        ),
      ],
      [['PUT cart.shop/ {"principal":"spiffe://cluster.local/ns/ops/sa/default"}: denied with 403 as no rule allows it → allowed by allow.shop']],
    ],
    [
      'by DENY among what a rule allows',
      [allow(`{from: [{source: {principals: [${web}]}}], to: [{operation: {paths: ["/items/*"], ports: ["8000"]}}]}`)],
      [
        allow(`{from: [{source: {principals: [${web}]}}], to: [{operation: {paths: ["/items/*"], ports: ["8000"]}}]}`),
        deny('{to: [{operation: {methods: [DELETE]}}]}'),
      ],
      [['DELETE cart.shop/items/ 8000 {"principal":"spiffe://cluster.local/ns/shop/sa/web"}: allowed by allow.shop → denied with 403 by deny.shop']],
    ],
    [
      'by a header',
      [],
      [deny('{when: [{key: "request.headers[x-user]", values: [eve]}]}')],
      [['GET cart.shop/ [["x-user","eve"]]: allowed → denied with 403 by deny.shop']],
    ],
    [
      'by addresses',
      [deny('{from: [{source: {ipBlocks: [10.0.0.0/8]}}]}')],
      [deny('{from: [{source: {ipBlocks: [10.0.0.0/8], notIpBlocks: [10.1.0.0/16]}}]}')],
      [['GET cart.shop/ {"sourceIp":"10.1.0.1"}: denied with 403 by deny.shop → allowed']],
    ],
    [
      'by claims of a token',
      [tokens('https://a.example'), allow('{from: [{source: {requestPrincipals: ["https://a.example/*"]}}]}')],
      [
        tokens('https://a.example'),
        allow('{from: [{source: {requestPrincipals: ["https://a.example/*"]}}], when: [{key: "request.auth.claims[groups]", values: [admin]}]}'),
      ],
      [['GET cart.shop/ {"iss":"https://a.example","sub":"other"}: allowed by allow.shop → denied with 403 as no rule allows it']],
    ],
    [
      'by its issuer',
      [tokens('https://a.example')],
      [tokens('https://b.example')],
      [['GET cart.shop/ {"iss":"https://a.example"}: allowed → denied with 401: Jwt issuer is not configured']],
    ],
  ])('%s', (_, old, now, expected) => expect(examplesOf(old, now)).toEqual(expected));
});

describe('none is found where nothing is decided otherwise', () => {
  it.each<[what: string, old: string[], now: string[]]>([
    [
      'a rule inside of another',
      [deny('{to: [{operation: {paths: ["/a*"]}}]}')],
      [deny('{to: [{operation: {paths: ["/a*"]}}]}, {to: [{operation: {paths: [/ab]}}]}')],
    ],
    [
      'another order of words',
      [allow('{to: [{operation: {methods: [GET, POST]}}]}')],
      [allow('{to: [{operation: {methods: [GET]}}]}, {to: [{operation: {methods: [POST]}}]}')],
    ],
  ])('%s', (_, old, now) => expect(examplesOf(old, now)).toEqual([[]]));
});

it('at a gateway', () => {
  const gateway = doc('Gateway', 'edge/web', 'selector: {istio: ingress}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]');
  const denied = doc(
    'AuthorizationPolicy',
    'edge/deny',
    'selector: {matchLabels: {istio: ingress}}, action: DENY, rules: [{from: [{source: {remoteIpBlocks: [198.51.100.0/24]}}], to: [{operation: {hosts: [shop.example.com]}}]}]',
  ).replace('networking', 'security');
  const [change] = changesOf([cart, gateway], [cart, gateway, denied]);
  expect(change?.access?.map(textOf)).toEqual(['GET shop.example.com/ {"remoteIp":"198.51.100.7"}: allowed → denied with 403 by deny.edge']);
});

it('a connection', () => {
  const securityOf = (deny: string[]) => ({
    authorization: {
      http: policies(),
      tcp: policies({ deny: deny.map((name) => rule(`ns[shop]-policy[${name}]-rule[0]`, [{ kind: 'destination-port', port: 5432 }], [peer(name)])) }),
    },
  });
  const [change] = securityChanges(securityOf([]), securityOf(['spiffe://cluster.local/ns/ops/sa/a']));
  expect(change?.place).toBe('who may connect');
  const found = change?.asked && new AccessExamples().of({ ...change.asked, proxy: namedProxy('sidecar', 'shop', 'db') });
  expect(found?.map(textOf)).toEqual([
    'connection to db.shop 5432 {"principal":"spiffe://cluster.local/ns/ops/sa/a"}: allowed → denied by spiffe://cluster.local/ns/ops/sa/a.shop',
  ]);
});

it('what is found is of each workload', () => {
  const others = ['a', 'b', 'c', 'd'].map(deployment);
  const [change] = changesOf([cart, ...others], [cart, ...others, deny('{to: [{operation: {methods: [POST]}}]}')]);
  expect(change?.subject).toEqual({ kind: 'workloads', names: ['shop/a', 'shop/b', 'shop/c', 'shop/d'] });
  expect(change?.access?.map(textOf)).toEqual(['POST a.shop/: allowed → denied with 403 by deny.shop']);
});

it('a thousand policies take less than a second', () => {
  const many = (path: string) =>
    Array.from({ length: 1000 }, (_, i) =>
      policy(`p${i}`, `rules: [{from: [{source: {principals: [cluster.local/ns/n${i}/sa/a]}}], to: [{operation: {paths: ["/${path}${i}/*"]}}]}]`),
    );
  const old = [cart, deployment('cart'), ...many('a')];
  const now = [cart, deployment('cart'), ...many('b')];
  const started = performance.now();
  const [change] = changesOf(old, now);
  const took = performance.now() - started;
  expect(change?.access?.length).toBeGreaterThan(0);
  // With what reading and comparing take, and other tests at the same time.
  expect(took).toBeLessThan(20_000);
});
