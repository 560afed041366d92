import { describe, expect, it } from 'vitest';
import { config, created, doc, domains, hostNamed, listener, svc, tableOf, to, vs, ways } from '../testing.ts';

const cart = svc('shop/cart http:80 http:8080');
const host = 'cart.shop.svc.cluster.local';
const entry = (name: string, hosts: string, more: string, port = 'number: 80, name: http, protocol: HTTP'): string =>
  doc('ServiceEntry', name, `hosts: [${hosts}], ports: [{${port}}]${more === '' ? '' : `, ${more}`}`);

describe('which virtual service a host has', () => {
  it('SEL-R15, SEL-R16: at port 80 hosts that no service has count, at others those of a virtual service with a service there', () => {
    const table = tableOf([
      cart,
      vs('shop/unknown', 'unknown.example', `http: [{${to('cart')}}]`),
      vs('shop/mixed', 'mixed.example, cart', `http: [{${to('cart')}}]`, created(1)),
    ]);
    expect(Object.keys(domains(table, '80'))).toEqual([`${host}:80`, 'mixed.example:80', 'unknown.example:80', 'allow_any']);
    expect(Object.keys(domains(table, '8080'))).toEqual([`${host}:8080`, 'mixed.example:8080', 'allow_any']);
  });

  it('SEL-R16: a host that no service has is only there where the port has a listener', () => {
    const table = tableOf([svc('shop/cart tcp:90'), vs('shop/unknown', 'unknown.example', `http: [{${to('cart')}}]`)]);
    expect(table.routes.filter(({ name }) => name === '80')).toEqual([]);
  });

  it('SEL-R17: a service without port 80 is at port 80 a host without short names', () => {
    const table = tableOf([svc('shop/cart http:8080'), svc('shop/web http:80'), vs('shop/cart', 'cart', `http: [{${to('cart')}}]`)]);
    expect(domains(table, '80')[`${host}:80`]).toEqual([host]);
  });

  it('SEL-R18: one without a route for the proxy does not count: the next one, or the service itself', () => {
    const other = `http: [{match: [{sourceLabels: {app: other}}], ${to('a')}}]`;
    const rest = vs('shop/z', 'cart', `http: [{${to('b')}}]`);
    const clusters = (...documents: string[]): string[] | undefined => ways(tableOf([cart, ...documents]), '80')[`${host}:80`];
    expect(clusters(vs('shop/cart', 'cart', other), rest)).toEqual(['outbound|80||b.shop.svc.cluster.local']);
    expect(clusters(vs('shop/cart', 'cart', other))).toEqual([`outbound|80||${host}`]);
  });

  it('SEL-R19: the first has the whole host, rules are not merged, and the other says so', () => {
    const table = tableOf([
      cart,
      vs('shop/new', 'cart', `http: [{${to('b')}}]`, created(2)),
      vs('shop/old', 'cart', `http: [{match: [{uri: {prefix: /x}}], ${to('a')}}]`, created(1)),
    ]);
    expect(ways(table, '80')[`${host}:80`]).toEqual(['outbound|80||a.shop.svc.cluster.local']);
    expect(table.statuses.filter(({ reason }) => reason === 'duplicate-host')).toMatchObject([{ origin: { name: 'new', path: ['spec', 'hosts'] } }]);
  });

  it('SEL-R5, SEL-R7, SEL-R20: an exact host before a wildcard, a longer wildcard before a shorter one, then the first', () => {
    const rule = (name: string, hosts: string, day: number): string => vs(`shop/${name}`, hosts, `http: [{${to(name)}}]`, created(day));
    const table = tableOf([
      entry('shop/e', 'a.x.int, b.x.int, c.y.x.int', ''),
      rule('wide', '"*.x.int"', 1),
      rule('exact', 'a.x.int', 4),
      rule('narrow', '"*.y.x.int"', 3),
      rule('later', '"*.x.int"', 2),
    ]);
    const found = ways(table, '80');
    expect(['a.x.int:80', 'b.x.int:80', 'c.y.x.int:80'].map((name) => found[name]?.[0]?.split(/\W+/)[2])).toEqual(['exact', 'wide', 'narrow']);
  });

  it('SEL-R21: a wildcard is a host of its own only where it covers no service', () => {
    const wild = vs('shop/w', '"*.x.int", "*.free.int"', `http: [{${to('a')}}]`);
    expect(Object.keys(domains(tableOf([entry('shop/e', 'a.x.int', ''), wild]), '80'))).toEqual(['*.free.int:80', 'a.x.int:80', 'allow_any']);
    const both = tableOf([entry('shop/e', 'a.x.int', ''), wild, vs('shop/a', 'a.x.int', `http: [{${to('b')}}]`)]);
    expect(Object.keys(domains(both, '80'))).toEqual(['*.free.int:80', 'a.x.int:80', 'allow_any']);
    expect(ways(both, '80')['a.x.int:80']).toEqual(['outbound|80||b.shop.svc.cluster.local']);
  });

  it('SEL-R14: one is imported with all of its hosts by one of them', () => {
    const table = tableOf([
      cart,
      svc('pay/pay http:80'),
      vs('pay/both', 'pay, cart.shop.svc.cluster.local', `http: [{${to('pay')}}]`),
      doc('Sidecar', 'shop/s', 'egress: [{hosts: ["./*", "pay/pay.pay.svc.cluster.local"]}]'),
    ]);
    expect(ways(table, '80')[`${host}:80`]).toEqual(['outbound|80||pay.pay.svc.cluster.local']);
    const without = tableOf([
      cart,
      svc('pay/pay http:80'),
      vs('pay/both', 'pay', `http: [{${to('pay')}}]`),
      doc('Sidecar', 'shop/s', 'egress: [{hosts: ["./*"]}]'),
    ]);
    expect(Object.keys(domains(without, '80'))).toEqual([`${host}:80`, 'allow_any']);
  });
});

describe('virtual hosts', () => {
  it('SEL-R50, SEL-R51: have the name of host and port, are sorted, and end with what takes the rest', () => {
    const table = tableOf([svc('shop/b http:80'), svc('shop/a http:80')]);
    expect(config(table, '80').virtualHosts.map(({ name }) => name)).toEqual(['a.shop.svc.cluster.local:80', 'b.shop.svc.cluster.local:80', 'allow_any']);
    expect(config(table, '80').ignorePortInHost).toBe(true);
  });

  it.each([
    ['shop', [host, `${host}.`, 'cart', 'cart.shop.svc', 'cart.shop', '10.0.0.1']],
    ['pay', [host, `${host}.`, 'cart.shop', 'cart.shop.svc', '10.0.0.1']],
  ])('SEL-R52: domains of a Service for clients of %s, without ports', (namespace, expected) => {
    expect(domains(tableOf([cart], { proxy: { namespace } }), '80')[`${host}:80`]).toEqual(expected);
  });

  it('SEL-R53: a headless Service has each name with a wildcard, too', () => {
    const names = [host, `${host}.`, 'cart', 'cart.shop.svc', 'cart.shop'];
    expect(domains(tableOf([svc('shop/cart http:80 None')]), '80')[`${host}:80`]).toEqual([...names, ...names.map((name) => `*.${name}`)]);
  });

  it.each([
    ['', ['x.int', 'x.int.']],
    ['addresses: [10.8.0.0/16]', ['x.int', 'x.int.', '10.8.0.0/16']],
    ['addresses: [10.9.9.9], resolution: STATIC', ['x.int', 'x.int.', '10.9.9.9']],
    ['addresses: ["fd00::1"]', ['x.int', 'x.int.', '[fd00::1]']],
  ])('SEL-R54: domains of a ServiceEntry with {%s}', (more, expected) => {
    expect(domains(tableOf([entry('shop/x', 'x.int', more)]), '80')['x.int:80']).toEqual(expected);
  });

  it('SEL-R55: have the names of ExternalNames for them; routes to these go to the service itself', () => {
    const alias = doc('Service', 'shop/alias', 'type: ExternalName, externalName: cart.shop.svc.cluster.local, ports: [{name: http, port: 80}]');
    const table = tableOf([cart, alias, svc('shop/web http:80'), vs('shop/web', 'web', `http: [{${to('alias')}}]`)]);
    expect(domains(table, '80')[`${host}:80`]).toEqual(expect.arrayContaining(['alias', 'alias.shop', 'alias.shop.svc.cluster.local']));
    expect(Object.keys(domains(table, '80'))).toEqual([`${host}:80`, 'web.shop.svc.cluster.local:80', 'allow_any']);
    expect(ways(table, '80')['web.shop.svc.cluster.local:80']).toEqual([`outbound|80||${host}`]);
  });

  it('SEL-R56: of two with one name the first has it, and a short name gives way to a service of that name', () => {
    const table = tableOf([cart, entry('shop/short', 'cart.shop', ''), vs('shop/cart', 'cart, CART', `http: [{${to('cart')}}]`)]);
    expect(domains(table, '80')['cart.shop:80']).toEqual(['cart.shop', 'cart.shop.']);
    expect(domains(table, '80')[`${host}:80`]).not.toContain('cart.shop');
    const addresses = tableOf([svc('shop/a http:80 10.0.0.9'), svc('shop/b http:80 10.0.0.9')]);
    expect(
      Object.values(domains(addresses, '80'))
        .flat()
        .filter((domain) => domain === '10.0.0.9'),
    ).toHaveLength(1);
  });

  it('SEL-R57: a detected port of an address has one for every host', () => {
    const table = tableOf([svc('shop/cart web:70')]);
    expect(domains(table, `${host}:70`)).toEqual({ [`${host}:70`]: ['*'] });
  });

  it('SEL-R58: proxies of HTTP clients have every port, and names with a port for all but 80', () => {
    const table = tableOf([svc('shop/cart http:80 http:8080')], { meshConfig: { proxyHttpPort: 3128 } });
    const found = domains(table, 'http_proxy');
    expect(found[`${host}:80`]).toEqual(expect.arrayContaining(['cart', 'cart:80', host]));
    expect(found[`${host}:8080`]).toEqual(expect.arrayContaining(['cart:8080', `${host}:8080`]));
    expect(found[`${host}:8080`]?.every((domain) => domain.endsWith(':8080'))).toBe(true);
    expect(config(table, 'http_proxy').ignorePortInHost).toBe(false);
    expect(listener(table, '127.0.0.1_3128').bind).toBe(true);
  });
});

describe('requests that no virtual service is for', () => {
  it('SEL-R70, MAP-R24: go to the service, with the retries of the mesh', () => {
    const [route, ...others] = hostNamed(tableOf([cart]), '80', `${host}:80`).routes;
    expect(others).toEqual([]);
    expect(route).toMatchObject({
      name: 'default',
      match: { path: undefined, headers: [], query: [] },
      decorator: `${host}:80/*`,
      action: {
        kind: 'forward',
        clusters: [{ cluster: `outbound|80||${host}`, weight: 1 }],
        timeoutMs: 0,
        maxGrpcTimeoutMs: 0,
        retry: { attempts: 2 },
        hash: [],
      },
    });
  });

  it('SEL-R70: are hashed as the destination rule says', () => {
    const rule = doc('DestinationRule', 'shop/cart', 'host: cart, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: X-User}}}');
    const [route] = hostNamed(tableOf([cart, rule]), '80', `${host}:80`).routes;
    expect(route?.action).toMatchObject({ hash: [{ kind: 'header', name: 'x-user' }] });
  });

  it('SEL-R71: have no route where there is a virtual service', () => {
    const table = tableOf([cart, vs('shop/cart', 'cart', `http: [{match: [{uri: {exact: /a}}], ${to('cart')}}]`)]);
    expect(hostNamed(table, '80', `${host}:80`).routes).toHaveLength(1);
  });

  it('SEL-R72, MAP-R41: of unknown hosts go on, and are not retried', () => {
    const { domains: all, routes } = hostNamed(tableOf([cart]), '80', 'allow_any');
    expect(all).toEqual(['*']);
    expect(routes).toMatchObject([{ name: 'allow_any', action: { clusters: [{ cluster: 'PassthroughCluster' }], timeoutMs: 0 } }]);
    expect(routes[0]?.action).not.toHaveProperty('retry');
  });

  it('SEL-R73, MAP-R42: of unknown hosts get 502 where only known ones are allowed', () => {
    const table = tableOf([cart], { meshConfig: { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } } });
    expect(hostNamed(table, '80', 'block_all').routes).toMatchObject([{ name: 'block_all', action: { kind: 'direct', status: 502, body: '' } }]);
  });

  it('SEL-R76: of unknown hosts go to the egress proxy, where all is allowed', () => {
    const sidecar = (mode: string): string =>
      doc('Sidecar', 'shop/s', `outboundTrafficPolicy: {mode: ${mode}, egressProxy: {host: out.pay.svc.cluster.local, subset: v1, port: {number: 99}}}`);
    const cluster = 'outbound|99|v1|out.pay.svc.cluster.local';
    const table = tableOf([cart, sidecar('ALLOW_ANY')]);
    expect(ways(table, '80').allow_any).toEqual([cluster]);
    expect(listener(table, 'virtualOutbound').chains[1]?.filter).toMatchObject({ clusters: [{ cluster }] });
    expect(ways(tableOf([cart, sidecar('REGISTRY_ONLY')]), '80').block_all).toEqual(['502']);
  });
});
