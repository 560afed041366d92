import { expect, it } from 'vitest';
import type { RouteConfig } from '../ir/route.ts';
import { compileRouter } from './core/router.ts';
import { HostPortRouter } from './host-port-router.ts';

function config(name: string, hosts: Readonly<Record<string, readonly string[]>>): { name: string; router: ReturnType<typeof compileRouter> } {
  const virtualHosts = Object.entries(hosts).map(([host, domains]) => ({ name: host, domains, routes: [], includeAttemptCount: false, requireTls: false }));
  const routes: RouteConfig = { name, virtualHosts, ignorePortInHost: true };
  return { name, router: compileRouter(routes) };
}

const router = new HostPortRouter(
  [
    config('8080', { cart: ['cart', 'cart.shop'], 'any:8080': ['*'] }),
    config('80', { web: ['web', '*.example'], 'any:80': ['*'] }),
    config('db.shop.svc.cluster.local:9090', { db: ['*'] }),
  ],
  'shop',
);

it.each([
  ['cart:8080', 'cart'],
  ['cart', 'cart'],
  ['web', 'web'],
  ['a.example:80', 'web'],
  ['web:8080', 'any:8080'],
  ['db.shop', 'db'],
  ['db:9090', 'db'],
  ['elsewhere', 'any:80'],
  // A port that no service has: the service on another one is not meant.
  ['web:9999', 'any:80'],
  ['cart:9999', 'any:80'],
])('%s: %s', (authority, expected) => expect(router.virtualHost(authority)?.name).toBe(expected));

it('without any port everything is for the last', () => {
  const last = { name: 'last', domains: ['*'], routes: [], includeAttemptCount: false, requireTls: false };
  expect(new HostPortRouter([], 'shop', last).virtualHost('cart')?.name).toBe('last');
  expect(new HostPortRouter([], 'shop').virtualHost('cart')).toBeUndefined();
});
