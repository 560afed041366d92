import { describe, expect, it } from 'vitest';
import type { Route } from '../../ir/route.ts';
import type { Origin } from '../../ir/table.ts';
import { forward, route, routeConfig, virtualHost } from '../../proxy/core/testing.ts';
import { routeResource } from './route.ts';
import { routesResource, routesShell, virtualHostResource } from './routes.ts';

const made = (more: Partial<Route>, action: Route['action'] = forward()): object => routeResource(route(action, more));
const corsPolicy = { allowOrigins: [], allowMethods: '', allowHeaders: '', exposeHeaders: '', allowCredentials: false, forwardUnmatchedPreflights: true };

describe('a route', () => {
  it('MAP-R24, MAP-R25, MAP-R40: has its names', () => {
    expect(made({ name: 'r', statPrefix: 's', decorator: 'd' })).toMatchObject({ name: 'r', stat_prefix: 's', decorator: { operation: 'd' } });
    expect(Object.keys(made({ name: '', statPrefix: '', decorator: '' }))).toEqual(['match', 'route']);
  });

  it('RT-R1: faults for every action, CORS for requests that are forwarded', () => {
    const fault = { abort: { share: 1, httpStatus: 500 } };
    expect(made({ fault }, forward({ cors: corsPolicy }))).toMatchObject({
      typed_per_filter_config: { 'envoy.filters.http.fault': { abort: { http_status: 500 } }, 'envoy.filters.http.cors': { filter_enabled: {} } },
    });
    expect(made({ fault }, { kind: 'redirect', status: 302 })).toMatchObject({
      redirect: { response_code: 'FOUND' },
      typed_per_filter_config: { 'envoy.filters.http.fault': {} },
    });
    expect(made({ fault }, { kind: 'direct', status: 200, body: '' })).toMatchObject({ direct_response: { status: 200 }, typed_per_filter_config: {} });
    expect(made({})).not.toHaveProperty('typed_per_filter_config');
  });

  it('RT-R32: the operations of its only cluster are its own, behind those that it has', () => {
    const policy = (value: string): NonNullable<Route['headers']> => ({
      request: { remove: [], add: [{ name: 'a', value, set: true }] },
      response: { remove: [], add: [] },
    });
    const one = made({ headers: policy('1') }, forward({ clusters: [{ cluster: 'c', weight: 1, headers: policy('2') }] })) as {
      request_headers_to_add: { header: { value: string } }[];
    };
    expect(one.request_headers_to_add.map(({ header }) => header.value)).toEqual(['1', '2']);
  });

  it.each<[Partial<Origin>, string]>([
    [{ kind: 'VirtualService' }, '/apis/networking.istio.io/v1/namespaces/shop/virtual-service/cart'],
    [{ kind: 'gateway-api/HTTPRoute' }, '/apis/gateway.networking.k8s.io/v1/namespaces/shop/http-route/cart'],
    [{ kind: 'gateway-api/GRPCRoute' }, '/apis/gateway.networking.k8s.io/v1/namespaces/shop/grpc-route/cart'],
  ])('tells that it comes from %j', (origin, config) => {
    const of = { namespace: 'shop', name: 'cart', path: ['spec', 'http', 0], kind: '', ...origin };
    expect(made({ origin: of })).toMatchObject({ metadata: { filter_metadata: { istio: { config } } } });
  });
});

describe('a virtual host', () => {
  it('MAP-R17: counts attempts, and redirects plain requests where it must', () => {
    expect(virtualHostResource(virtualHost(['a', '*.b'], [route()], { includeAttemptCount: true, requireTls: true }))).toEqual({
      name: 'a:8080',
      domains: ['a', '*.b'],
      routes: [expect.objectContaining({ match: { prefix: '/' } })],
      require_tls: 'ALL',
      include_request_attempt_count: true,
    });
    expect(Object.keys(virtualHostResource(virtualHost(['a'], [], { includeAttemptCount: false })))).toEqual(['name', 'domains', 'routes']);
  });

  it('has domains that Envoy takes', () => {
    expect(virtualHostResource(virtualHost(['a\r\nb', 'c'], []))).toMatchObject({ domains: ['a 13  10 b', 'c'] });
  });
});

describe('a route configuration', () => {
  const config = routeConfig(virtualHost(['a'], [route()]), virtualHost(['*'], [route({ kind: 'direct', status: 502, body: '' })]));

  it('MAP-R17', () => {
    expect(routesResource(config)).toEqual({
      '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
      name: '8080',
      validate_clusters: false,
      ignore_port_in_host_matching: true,
      max_direct_response_body_size_bytes: 1_048_576,
      virtual_hosts: config.virtualHosts.map(virtualHostResource),
    });
  });

  it('can be had without its virtual hosts', () => {
    expect(routesShell({ ...config, ignorePortInHost: false })).toEqual({
      name: '8080',
      validate_clusters: false,
      max_direct_response_body_size_bytes: 1_048_576,
    });
  });

  it('RT-R19: lets the longest body through', () => {
    const long = routeConfig(virtualHost(['a'], [route({ kind: 'direct', status: 200, body: 'é'.repeat(600_000) })]));
    expect(routesShell(long).max_direct_response_body_size_bytes).toBe(1_200_000);
  });
});
