import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RouteConfig, VirtualHost } from '../ir/route.ts';
import { compileRouter } from '../proxy/core/router.ts';
import { HostPortRouter } from '../proxy/host-port-router.ts';
import { routesByHost } from './routes-by-host.ts';

function host(name: string, domains: string[]): VirtualHost {
  const action = { kind: 'direct', status: 200, body: name } as const;
  return { name, domains, routes: [{ name: '', match: { path: undefined, headers: [], query: [] }, action }], includeAttemptCount: true, requireTls: false };
}

function config(name: string, ...virtualHosts: VirtualHost[]): RouteConfig {
  return { name, virtualHosts, ignorePortInHost: true };
}

const last = host('last', ['*']);

function merged(configs: readonly RouteConfig[]): RouteConfig {
  return { name: 'outbound', virtualHosts: routesByHost(configs, { namespace: 'shop', first: [], last }), ignorePortInHost: false };
}

/** What the virtual host that takes an authority answers. */
function answer(found: { virtualHost: VirtualHost } | undefined): string | undefined {
  const action = found?.virtualHost.routes[0]?.action;
  return action?.kind === 'direct' ? action.body : undefined;
}

describe('the virtual host of an authority', () => {
  const router = compileRouter(
    merged([
      config('8080', host('cart:8080', ['cart', 'cart.shop']), host('any:8080', ['*'])),
      config('9090', host('cart:9090', ['cart']), host('pay:9090', ['pay', '*.pay.example']), host('any:9090', ['*'])),
      config('80', host('web:80', ['web', '*.example']), host('any:80', ['*'])),
      config('db.shop.svc.cluster.local:9090', host('db', ['*'])),
      config('http_proxy', host('proxy', ['*'])),
    ]),
  );

  it.each([
    ['cart:8080', 'cart:8080'],
    ['CART:8080', 'cart:8080'],
    ['cart:9090', 'cart:9090'],
    ['cart', 'cart:8080'],
    ['pay', 'pay:9090'],
    ['web', 'web:80'],
    ['web:80', 'web:80'],
    ['web:8080', 'any:8080'],
    ['cart:1234', 'any:80'],
    ['a.example', 'web:80'],
    ['a.pay.example', 'web:80'],
    ['a.pay.example:9090', 'pay:9090'],
    ['db', 'db'],
    ['db.shop:9090', 'db'],
    ['db.shop.svc.cluster.local:9090', 'db'],
    ['db:8080', 'any:8080'],
    ['elsewhere', 'any:80'],
    ['elsewhere:9090', 'any:9090'],
  ])('%s: %s', (authority, expected) => expect(answer(router.virtualHost(authority))).toBe(expected));
});

it('without any port everything is for the last', () => {
  expect(answer(compileRouter(merged([])).virtualHost('cart:80'))).toBe('last');
});

it('each domain and each name is there once', () => {
  const virtualHosts = routesByHost([config('80', host('a', ['*'])), config('81', host('a', ['a', 'a'])), config('82', host('a', ['a']))], {
    namespace: 'shop',
    first: [host('own', ['*:15001'])],
    last,
  });
  expect(virtualHosts.map(({ name, domains }) => [name, domains])).toEqual([
    ['own', ['*:15001']],
    ['a', ['a:81', 'a']],
    ['a#2', ['a:82']],
    ['a#3', ['*']],
  ]);
});

it('decides as the embedded engine does', () => {
  const label = fc.constantFrom('a', 'b', 'c');
  const names = fc.oneof(
    label,
    fc.tuple(label, label).map((parts) => parts.join('.')),
    fc.tuple(label, label).map(([x, y]) => `${x}.${y}.svc.cluster.local`),
  );
  const domain = fc.oneof(
    names,
    names.map((name) => `*.${name}`),
  );
  const port = fc.constantFrom(80, 81, 443, 8080);
  const domains = fc.uniqueArray(domain, { maxLength: 6 });
  const configs = fc
    .tuple(
      fc.uniqueArray(fc.tuple(port, domains, fc.boolean()), { maxLength: 4, selector: ([number]) => number }),
      fc.uniqueArray(fc.tuple(names, port), { maxLength: 3, selector: ([name, number]) => `${name}:${number}` }),
    )
    .map(([shared, services]) => [
      ...shared.map(([number, list, different]) =>
        config(String(number), ...list.map((one) => host(`${one}:${number}`, [one])), host(different ? `any:${number}` : 'any', ['*'])),
      ),
      ...services.map(([name, number]) => config(`${name}:${number}`, host(`service ${name}:${number}`, ['*']))),
    ]);
  const authority = fc.tuple(fc.oneof(names, fc.constant('x.a.b')), fc.option(fc.constantFrom(80, 81, 443, 8080, 9999)));
  fc.assert(
    fc.property(configs, fc.array(authority, { minLength: 1, maxLength: 10 }), (list, asked) => {
      const embedded = new HostPortRouter(
        list.map((one) => ({ name: one.name, router: compileRouter(one) })),
        'shop',
        last,
      );
      const router = compileRouter(merged(list));
      for (const [name, number] of asked) {
        const text = number === null ? name : `${name}:${number}`;
        expect([text, answer(router.virtualHost(text))]).toEqual([text, answer(embedded.virtualHost(text))]);
      }
    }),
    { numRuns: 500 },
  );
});
