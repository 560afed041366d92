import { describe, expect, it } from 'vitest';
import type { RouteMatch } from '../../ir/route-match.ts';
import { explainMatch } from './explain.ts';
import { anyMatch, forward, record, route, routeConfig, virtualHost } from './testing.ts';

const match = (more: Partial<RouteMatch>): RouteMatch => ({ ...anyMatch, ...more });
const header = { name: 'x-user', matcher: { kind: 'exact', value: 'jason' }, inverted: false } as const;
const query = { name: 'q', matcher: { kind: 'prefix', value: '1' } } as const;
const path = { kind: 'prefix', value: '/api' } as const;
const claim = { path: ['group'], matcher: { kind: 'exact', value: 'a' }, inverted: false } as const;

describe('the trail of a choice', () => {
  const routes = [{ path }, { headers: [header] }, { query: [query] }, { claims: [claim] }, {}, {}].map((more, i) =>
    route(forward(), { name: `r${i}`, match: match(more) }),
  );
  const config = routeConfig(virtualHost(['*.shop'], routes, { name: 'wild' }), virtualHost(['Reviews'], routes.slice(0, 1), { name: 'reviews' }));

  it('tells for each route before the one that matches which condition failed', () => {
    expect(explainMatch(config, record('/x?q=2', ['x-user', 'anna'], { authority: 'a.SHOP:80' }))).toEqual({
      host: 'a.shop',
      virtualHost: { name: 'wild', domain: '*.shop', form: 'suffix' },
      routes: [
        { index: 0, name: 'r0', failed: { kind: 'path', matcher: path, value: '/x' } },
        { index: 1, name: 'r1', failed: { kind: 'header', condition: header, value: 'anna' } },
        { index: 2, name: 'r2', failed: { kind: 'query', condition: query, value: '2' } },
        { index: 3, name: 'r3', failed: { kind: 'claim', condition: claim } },
        { index: 4, name: 'r4', failed: undefined },
      ],
      chosen: 4,
    });
  });

  it('ends without a route, or without a virtual host', () => {
    expect(explainMatch(config, record('/x', [], { authority: 'reviews' }))).toMatchObject({ virtualHost: { domain: 'Reviews', form: 'exact' }, chosen: -1 });
    expect(explainMatch(config, record('/api', [], { authority: 'none' }))).toEqual({ host: 'none', virtualHost: undefined, routes: [], chosen: -1 });
    expect(explainMatch(config, record('', [], { authority: 'reviews', method: 'CONNECT' })).routes[0]?.failed).toEqual({ kind: 'connect' });
  });
});
