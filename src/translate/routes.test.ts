import { describe, expect, it } from 'vitest';
import type { ForwardAction } from '../ir/route.ts';
import { doc, forwardWith, hostNamed, routesWith, svc, tableOf, to, vs, ways } from './testing.ts';

const cart = 'cart.shop.svc.cluster.local';
const all = to('a');
const paths = (rules: string, options = {}): (string | undefined)[] =>
  routesWith(rules, options).map(({ match: { path } }) => (path && path.kind !== 'present' ? path.value : undefined));

describe('the order of routes', () => {
  it('MAT-R1: rules in their order, matches in theirs, each a route of its own', () => {
    expect(paths(`{match: [{uri: {exact: /1}}, {uri: {prefix: /2}}], ${all}}, {match: [null, {uri: {regex: /3}}], ${all}}`)).toEqual(['/1', '/2', '/3']);
    const [first, second] = routesWith(`null, {match: [null, {uri: {exact: /1}}], ${all}}, {${all}}`);
    expect([first?.origin?.path, second?.origin?.path]).toEqual([
      ['spec', 'http', 1, 'match', 1],
      ['spec', 'http', 2],
    ]);
  });

  it.each([
    ['no match', '', true],
    ['a prefix of every path', 'match: [{uri: {prefix: /}}], ', true],
    ['an expression for every path', 'match: [{uri: {regex: ".*"}}], ', true],
    ['a prefix', 'match: [{uri: {prefix: /a}}], ', false],
    ['a method', 'match: [{uri: {prefix: /}, method: {exact: GET}}], ', false],
    ['an authority', 'match: [{authority: {exact: a}}], ', false],
    ['a scheme', 'match: [{scheme: {exact: http}}], ', false],
    ['a header', 'match: [{headers: {x: {exact: a}}}], ', false],
    ['a missing header', 'match: [{withoutHeaders: {x: {}}}], ', false],
    ['a query parameter', 'match: [{queryParams: {x: {exact: a}}}], ', false],
    ['a claim', 'match: [{headers: {"@request.auth.claims.sub": {exact: a}}}], ', false],
  ])('MAT-R2: nothing is made of what follows %s', (_, match, last) => {
    expect(routesWith(`{${match}${all}}, {${all}}`)).toHaveLength(last ? 1 : 2);
  });

  it('MAT-R2: nor of other matches of its rule', () => {
    expect(paths(`{match: [{uri: {prefix: /}}, {uri: {prefix: /never}}], ${all}}`)).toEqual(['/']);
  });

  it.each([
    ['name: r, match: [{name: m}]', 'r.m'],
    ['match: [{name: m}]', '.m'],
    ['name: r, match: [{uri: {exact: /}}]', 'r'],
    ['name: r', 'r'],
    ['match: [{uri: {exact: /}}]', ''],
  ])('MAT-R3: {%s} is named "%s"', (rule, name) => {
    expect(routesWith(`{${rule}, ${all}}`)[0]?.name).toBe(name);
  });

  it.each([
    ['port: 80', true],
    ['port: 81', false],
    ['gateways: [mesh]', true],
    ['gateways: [edge]', false],
    ['gateways: [mesh], sourceLabels: {app: other}, sourceNamespace: other', true],
    ['gateways: [mesh], port: 81', false],
    ['sourceLabels: {app: web}', true],
    ['sourceLabels: {app: web, version: v2}', false],
    ['sourceNamespace: shop', true],
    ['sourceNamespace: pay', false],
  ])('MAT-R4: {%s}', (match, taken) => {
    const proxy = { namespace: 'shop', labels: { app: 'web' } };
    expect(paths(`{match: [{uri: {exact: /x}, ${match}}], ${all}}, {match: [{uri: {exact: /rest}}], ${all}}`, { proxy })).toEqual(
      taken ? ['/x', '/rest'] : ['/rest'],
    );
  });
});

describe('conditions', () => {
  const matchOf = (match: string): object | undefined => routesWith(`{match: [{${match}}], ${all}}`)[0]?.match;
  it.each([
    ['{exact: /a}', { kind: 'exact', value: '/a' }],
    ['{prefix: /a/}', { kind: 'prefix', value: '/a/' }],
    ['{regex: "/a.*"}', { kind: 'regex', value: '/a.*' }],
    ['{exact: /a}, ignoreUriCase: true', { kind: 'exact', value: '/a', ignoreCase: true }],
    ['{prefix: /a}, ignoreUriCase: true', { kind: 'prefix', value: '/a', ignoreCase: true }],
    ['{regex: /a}, ignoreUriCase: true', { kind: 'regex', value: '/a' }],
    ['{}', undefined],
  ])('MAT-R6 to MAT-R9, MAT-R28, MAP-R18: uri: %s', (uri, path) => {
    expect(matchOf(`uri: ${uri}`)).toMatchObject({ path });
  });

  it('MAT-R17, MAT-R20, MAT-R21, MAT-R24: headers by name, then method, authority and scheme', () => {
    const match =
      'method: {exact: GET}, authority: {prefix: a}, scheme: {exact: https}, headers: {X-B: {regex: b+}, host: {exact: h}, x-c: {}}, withoutHeaders: {x-a: {prefix: p}, x-d: {}}';
    expect(matchOf(match)).toMatchObject({
      headers: [
        { name: ':authority', matcher: { kind: 'exact', value: 'h' }, inverted: false },
        { name: 'x-a', matcher: { kind: 'prefix', value: 'p' }, inverted: true },
        { name: 'x-b', matcher: { kind: 'regex', value: 'b+' }, inverted: false },
        { name: 'x-c', matcher: { kind: 'present' }, inverted: false },
        { name: 'x-d', matcher: { kind: 'present' }, inverted: true },
        { name: ':method', matcher: { kind: 'exact', value: 'GET' }, inverted: false },
        { name: ':authority', matcher: { kind: 'prefix', value: 'a' }, inverted: false },
        { name: ':scheme', matcher: { kind: 'exact', value: 'https' }, inverted: false },
      ],
    });
  });

  it.each([
    ['@request.auth.claims.sub', ['sub']],
    ['@request.auth.claims.a.B', ['a', 'B']],
    ['@request.auth.claims[a.b][c]', ['a.b', 'c']],
    ['@Request.Auth.Claims.sub', ['sub']],
  ])('MAT-R22: %s is a claim', (name, path) => {
    expect(matchOf(`headers: {"${name}": {exact: v}}`)).toMatchObject({
      headers: [],
      claims: [{ path, matcher: { kind: 'exact', value: 'v' }, inverted: false }],
    });
    expect(matchOf(`withoutHeaders: {"${name}": {exact: v}}`)).toMatchObject({ claims: [{ path, inverted: true }] });
  });

  it('MAT-R23: query parameters as they are written', () => {
    expect(matchOf('queryParams: {Q: {exact: a%20b}, r: {}}')).toMatchObject({
      query: [
        { name: 'Q', matcher: { kind: 'exact', value: 'a%20b' } },
        { name: 'r', matcher: { kind: 'present' } },
      ],
    });
  });

  it('MAT-R25: the prefix for statistics', () => {
    expect(routesWith(`{match: [{statPrefix: sp}], ${all}}`)[0]?.statPrefix).toBe('sp');
  });

  it.each([
    'match: [{uri: {regex: "(?=a)"}}]',
    'match: [{headers: {x: {regex: "a\\\\1"}}}]',
    'match: [{queryParams: {x: {regex: "("}}}]',
    'rewrite: {uriRegexRewrite: {match: "(", rewrite: x}}',
  ])('MAT-R30: a route with what is no RE2 expression is left out, and says so: {%s}', (rule) => {
    const table = tableOf([svc('shop/cart http:80'), vs('shop/cart', 'cart', `http: [{${rule}, ${all}}, {match: [{uri: {exact: /rest}}], ${all}}]`)]);
    expect(hostNamed(table, '80', `${cart}:80`).routes).toHaveLength(1);
    expect(table.statuses).toContainEqual(
      expect.objectContaining({ reason: 'invalid-regex', origin: expect.objectContaining({ kind: 'VirtualService', name: 'cart' }) }),
    );
  });

  it.each([
    ['invalid-match', 'match: [{headers: {"": {exact: a}}}]'],
    ['invalid-match', 'match: [{withoutHeaders: {"a\\nb": {exact: a}}}]'],
    ['invalid-match', 'match: [{queryParams: {"": {exact: a}}}]'],
    ['invalid-match', `match: [{queryParams: {${'q'.repeat(1025)}: {exact: a}}}]`],
    ['invalid-match', 'match: [{headers: {"@request.auth.claims.a..b": {exact: a}}}]'],
    ['invalid-header', 'rewrite: {uri: "/a\\r\\nb"}'],
    ['invalid-header', 'rewrite: {authority: "a\\nb"}'],
    ['invalid-header', 'rewrite: {uriRegexRewrite: {match: a, rewrite: "a\\nb"}}'],
  ])('%s: a route with what no proxy takes is left out, and says so: {%s}', (reason, rule) => {
    const table = tableOf([svc('shop/cart http:80'), vs('shop/cart', 'cart', `http: [{${rule}, ${all}}, {match: [{uri: {exact: /rest}}], ${all}}]`)]);
    expect(hostNamed(table, '80', `${cart}:80`).routes).toHaveLength(1);
    expect(table.statuses.map((status) => status.reason)).toContain(reason);
  });

  it.each([
    ['invalid-header', 'headers: {request: {set: {a: "%FOO%"}}}'],
    ['invalid-fault', 'fault: {abort: {httpStatus: 700, percentage: {value: 1}}}'],
    ['invalid-regex', 'corsPolicy: {allowOrigins: [{regex: "("}]}'],
  ])('%s: of a rule with a part that no proxy takes the rest stays: {%s}', (reason, rule) => {
    const table = tableOf([svc('shop/cart http:80'), vs('shop/cart', 'cart', `http: [{${rule}, ${all}}]`)]);
    const [route] = hostNamed(table, '80', `${cart}:80`).routes;
    expect([route?.action.kind, route?.headers, route?.fault]).toEqual(['forward', undefined, undefined]);
    expect(table.statuses).toContainEqual(expect.objectContaining({ reason, origin: expect.objectContaining({ path: ['spec', 'http', 0] }) }));
  });
});

describe('destinations', () => {
  it('RT-R1: a redirect before a direct response before destinations; faults for all, CORS for destinations', () => {
    const more = 'fault: {abort: {httpStatus: 500, percentage: {value: 100}}}, corsPolicy: {allowOrigins: [{exact: a}]}';
    const kinds = ['redirect: {uri: /n}, directResponse: {status: 200}, ', 'directResponse: {status: 200}, ', ''].map(
      (first) => routesWith(`{${first}${more}, ${all}}`)[0],
    );
    expect(kinds.map((route) => route?.action.kind)).toEqual(['redirect', 'direct', 'forward']);
    for (const route of kinds) expect(route?.fault).toMatchObject({ abort: { httpStatus: 500 } });
    expect(kinds.map((route) => 'cors' in (route?.action ?? {}))).toEqual([false, false, true]);
  });

  const destinations = (list: string): string[] | undefined =>
    ways(tableOf([svc('shop/cart http:80'), vs('shop/cart', 'cart', `http: [{route: [${list}]}]`)]), '80')[`${cart}:80`]?.map((text) =>
      text.replaceAll('.shop.svc.cluster.local', ''),
    );
  it.each([
    ['one, whatever its weight', '{destination: {host: a}, weight: 0}', 'outbound|80||a'],
    ['several with a weight', '{destination: {host: a}, weight: 2}, {destination: {host: b}, weight: 8}', '2% outbound|80||a, 8% outbound|80||b'],
    [
      'not those without',
      '{destination: {host: a}, weight: 5}, {destination: {host: b}}, {destination: {host: c}, weight: 5}',
      '5% outbound|80||a, 5% outbound|80||c',
    ],
    ['the only one with a weight', '{destination: {host: a}, weight: 5}, {destination: {host: b}}', 'outbound|80||a'],
    ['none with a weight', '{destination: {host: a}}, {destination: {host: b}}', '404'],
    ['a missing item', 'null, {destination: {host: a}}', 'outbound|80||a'],
  ])('RT-R2: %s', (_, list, expected) => {
    expect(destinations(list)).toEqual([expected]);
  });

  it('RT-R4, RT-R7, MAP-R1: the port that is written, else that of the listener; mirrors as well', () => {
    const at = (destination: string): ForwardAction =>
      forwardWith(`route: [{destination: {${destination}}}], mirror: {${destination}}`, {
        documents: [svc('shop/a http:1 http:2 10.0.0.2'), svc('shop/b http:80 http:81')],
      });
    const clusters = ({ clusters: [cluster], mirrors: [mirror] }: ForwardAction): (string | undefined)[] => [cluster?.cluster, mirror?.cluster];
    for (const [destination, expected] of [
      ['host: a, port: {number: 2}, subset: v1', 'outbound|2|v1|a.shop.svc.cluster.local'],
      ['host: a', 'outbound|80||a.shop.svc.cluster.local'],
      ['host: b', 'outbound|80||b.shop.svc.cluster.local'],
      ['host: nosuch.example', 'outbound|80||nosuch.example'],
    ] as const) {
      expect(clusters(at(destination))).toEqual([expected, expected]);
    }
  });

  it.each([
    ['host: nosuch', 'unknown-host'],
    ['host: cart, port: {number: 9}', 'unknown-port'],
    ['host: cart, subset: v9', 'unknown-subset'],
    ['host: cart', undefined],
  ])('RT-R5: {%s} has the status %s', (destination, reason) => {
    const { statuses } = tableOf([svc('shop/cart http:80'), vs('shop/cart', 'cart', `http: [{route: [{destination: {${destination}}}]}]`)]);
    expect(statuses.map((status) => status.reason)).toEqual(reason ? [reason] : []);
    if (reason)
      expect(statuses[0]?.origin).toEqual({ kind: 'VirtualService', namespace: 'shop', name: 'cart', path: ['spec', 'http', 0, 'route', 0, 'destination'] });
  });

  it.each([
    ['uri: /n', undefined, { kind: 'prefix', value: '/n' }],
    ['uri: /n', '{prefix: /a}', { kind: 'prefix', value: '/n' }],
    ['uri: /n', '{exact: /a}', { kind: 'whole', value: '/n' }],
    ['uri: /n', '{regex: /a.*}', { kind: 'whole', value: '/n' }],
    ['uri: /n, uriRegexRewrite: {match: o, rewrite: "0"}', '{prefix: /a}', { kind: 'regex', pattern: 'o', substitution: '0' }],
  ])('RT-R10 to RT-R12: rewrite {%s} of %s', (rewrite, uri, expected) => {
    const match = uri ? `match: [{uri: ${uri}}], ` : '';
    expect(forwardWith(`${match}rewrite: {${rewrite}}, ${all}`).rewrite).toEqual(expected);
  });

  it.each([
    ['rewrite: {authority: r}, headers: {request: {set: {host: s}}}', 'headers: {request: {set: {host: d}}}', 'r'],
    ['headers: {request: {set: {Host: s}, add: {":authority": a}}}', 'headers: {request: {set: {host: d}}}', 's'],
    ['headers: {request: {add: {host: a}}}', '', 'a'],
    ['', 'headers: {request: {set: {host: d}}}', 'd'],
    ['', '', undefined],
  ])('RT-R14: {%s} with {%s} of the destination', (rule, destination, authority) => {
    const one = `${rule === '' ? '' : `${rule}, `}route: [{destination: {host: a}${destination === '' ? '' : `, ${destination}`}}]`;
    expect(forwardWith(one).authority).toBe(authority);
  });

  it('RT-R13, RT-R14: of several destinations each has its own; x-forwarded-host only where the mesh asks for it', () => {
    const several = 'route: [{destination: {host: a}, weight: 1, headers: {request: {set: {host: d}}}}, {destination: {host: b}, weight: 1}]';
    expect(forwardWith(several)).toMatchObject({ clusters: [{ authority: 'd' }, {}], appendForwardedHost: false });
    expect(forwardWith(several).authority).toBeUndefined();
    const meshConfig = { defaultConfig: { proxyHeaders: { xForwardedHost: { enabled: true } } } };
    expect(forwardWith(`rewrite: {authority: r}, ${all}`, { meshConfig }).appendForwardedHost).toBe(true);
    expect(forwardWith(all, { meshConfig }).appendForwardedHost).toBe(false);
  });

  it.each([
    ['', 0],
    ['timeout: 3s', 3000],
    ['timeout: 0s', 0],
    ['timeout: 1.5s', 1500],
  ])('RT-R60, RT-R63, MAP-R28: {%s}', (timeout, expected) => {
    expect(forwardWith(`${timeout === '' ? '' : `${timeout}, `}${all}`)).toMatchObject({ timeoutMs: expected, maxGrpcTimeoutMs: expected });
  });

  it('SEL-R55, RT-R5: a rule without any action answers 404, and says so', () => {
    const table = tableOf([svc('shop/cart http:80'), vs('shop/cart', 'cart', 'http: [{name: x}]')]);
    expect(ways(table, '80')[`${cart}:80`]).toEqual(['404']);
    expect(table.statuses).toMatchObject([{ reason: 'no-action', origin: { path: ['spec', 'http', 0] } }]);
  });
});

describe('what spans are called', () => {
  it.each([
    [`match: [{uri: {prefix: /a}}], ${all}`, 'a.shop.svc.cluster.local:80/a*'],
    [`match: [{uri: {exact: /a}}], ${all}`, 'a.shop.svc.cluster.local:80/a'],
    [`match: [{uri: {regex: /a+}}], ${all}`, 'a.shop.svc.cluster.local:80/a+'],
    [all, 'a.shop.svc.cluster.local:80/*'],
    ['route: [{destination: {host: a}, weight: 1}, {destination: {host: b}, weight: 1}]', 'cart:80/*'],
    ['redirect: {uri: /n}', 'cart:80/*'],
    ['directResponse: {status: 200}', 'cart:80/*'],
  ])('TEL-R31: {%s} is %s', (rule, operation) => {
    expect(routesWith(`{${rule}}`)[0]?.decorator).toBe(operation);
  });
});

describe('hashing', () => {
  const rule = (spec: string): string => doc('DestinationRule', 'shop/cart', `host: cart, ${spec}`);
  const header = (name: string): string => `loadBalancer: {consistentHash: {httpHeaderName: ${name}}}`;
  const hashes = (spec: string, destination: string): unknown =>
    forwardWith(`route: [{destination: {host: cart${destination}}}]`, { documents: [rule(spec)] }).hash;
  const port = (name: string): string => `portLevelSettings: [{port: {number: 80}, ${header(name)}}]`;
  it.each([
    ['the host', `trafficPolicy: {${header('h')}}`, '', ['h']],
    ['the host for the port', `trafficPolicy: {${header('h')}, ${port('p')}}`, ', port: {number: 80}', ['p']],
    ['not the port where none is named', `trafficPolicy: {${header('h')}, ${port('p')}}`, '', ['h']],
    [
      'the subset',
      `trafficPolicy: {${header('h')}, ${port('p')}}, subsets: [{name: v1, trafficPolicy: {${header('s')}}}]`,
      ', subset: v1, port: {number: 80}',
      ['s'],
    ],
    [
      'the subset for the port',
      `trafficPolicy: {${header('h')}}, subsets: [{name: v1, trafficPolicy: {${header('s')}, ${port('sp')}}}]`,
      ', subset: v1, port: {number: 80}',
      ['sp'],
    ],
    ['the host for a subset without', `trafficPolicy: {${header('h')}}, subsets: [{name: v1}]`, ', subset: v1', ['h']],
    ['nobody', 'trafficPolicy: {loadBalancer: {simple: RANDOM}}', '', []],
  ])('DR-R39: as %s says', (_, spec, destination, names) => {
    expect(hashes(spec, destination)).toEqual(names.map((name) => ({ kind: 'header', name })));
  });

  it.each([
    ['httpHeaderName: X-User', { kind: 'header', name: 'x-user' }],
    ['httpCookie: {name: c, path: /p, ttl: 10s}', { kind: 'cookie', name: 'c', path: '/p', ttlMs: 10_000 }],
    ['httpCookie: {name: c, ttl: 0s}', { kind: 'cookie', name: 'c', path: '', ttlMs: 0 }],
    [
      'httpCookie: {name: c, attributes: [{name: SameSite, value: Lax}]}',
      { kind: 'cookie', name: 'c', path: '', attributes: [{ name: 'SameSite', value: 'Lax' }] },
    ],
    ['useSourceIp: true', { kind: 'source-ip' }],
    ['httpQueryParameterName: q', { kind: 'query', name: 'q' }],
  ])('DR-R31 to DR-R34, MAP-R39: {%s}', (written, expected) => {
    expect(hashes(`trafficPolicy: {loadBalancer: {consistentHash: {${written}}}}`, '')).toEqual([expected]);
  });

  it('DR-R35, DR-R40, RT-R73: of weighted destinations all; a single one does not avoid hosts that were tried', () => {
    const documents = [rule(`trafficPolicy: {${header('h')}}`), svc('shop/a http:80')];
    const weighted = forwardWith('route: [{destination: {host: cart}, weight: 1}, {destination: {host: a}, weight: 1}]', { documents });
    expect([weighted.hash.length, weighted.retry?.previousHosts]).toEqual([1, true]);
    const single = forwardWith('route: [{destination: {host: cart}}]', { documents });
    expect([single.hash.length, single.retry?.previousHosts]).toEqual([1, false]);
  });
});
