import { describe, expect, it } from 'vitest';
import type { CustomAuthorization } from '../../ir/authorization.ts';
import type { MeshConfig_ExtensionProvider } from '../../manifest/istio/mesh.gen.ts';
import { doc, svc, tableOf } from '../testing.ts';
import { securityDoc } from './testing.ts';

const custom = securityDoc('AuthorizationPolicy', 'shop/a', 'action: CUSTOM, provider: {name: auth}, rules: [{}]');
const host = 'auth.shop.svc.cluster.local';
const entry = (namespace: string): string =>
  doc('ServiceEntry', `${namespace}/e`, 'hosts: [auth.example], resolution: DNS, ports: [{number: 443, name: https, protocol: HTTPS}]');
const documents = [custom, svc('shop/auth http:80'), entry('shop')];

function asked(more: Omit<MeshConfig_ExtensionProvider, 'name'>, mesh = documents): { custom: CustomAuthorization | undefined; problem: string | undefined } {
  const { security, statuses } = tableOf(mesh, { meshConfig: { extensionProviders: [{ name: 'auth', ...more }] } });
  return { custom: security?.authorization?.http.custom[0], problem: statuses[0]?.message };
}

const http = (fields: object): object => ({ envoyExtAuthzHttp: { service: host, port: 80, ...fields } });
const grpc = (fields: object): object => ({ envoyExtAuthzGrpc: { service: host, port: 80, ...fields } });

describe('CUSTOM: what is asked', () => {
  const plain = {
    cluster: `outbound|80||${host}`,
    authority: host,
    timeoutMs: 600_000,
    failOpen: false,
    statusOnError: 403,
    pathPrefix: '',
    requestHeaders: [],
    additionalHeaders: [],
    upstreamHeaders: [],
    denialHeaders: [],
    responseHeaders: [],
    clearRouteCache: false,
  };

  it('with nothing said', () => {
    expect(asked(http({})).custom?.authorizer).toEqual({ ...plain, protocol: 'http' });
    expect(asked(grpc({})).custom?.authorizer).toEqual({ ...plain, protocol: 'grpc' });
  });

  it('with everything said', () => {
    const common = {
      timeout: '1.5s',
      failOpen: true,
      clearRouteCache: true,
      statusOnError: '503',
      includeRequestBodyInCheck: { maxRequestBytes: 10, allowPartialMessage: true, packAsBytes: true },
    };
    const read = { timeoutMs: 1500, failOpen: true, clearRouteCache: true, statusOnError: 503, body: { maxBytes: 10, allowPartial: true, packAsBytes: true } };
    expect(asked(grpc(common)).custom?.authorizer).toEqual({ ...plain, ...read, protocol: 'grpc' });
    const given = http({
      ...common,
      pathPrefix: '/check',
      includeHeadersInCheck: ['x-old'],
      includeRequestHeadersInCheck: ['X-User', 'x-*'],
      includeAdditionalHeadersInCheck: { b: '2', a: '1' },
      headersToUpstreamOnAllow: ['x-auth'],
      headersToDownstreamOnDeny: ['*-reason'],
      headersToDownstreamOnAllow: ['set-cookie'],
    });
    expect(asked(given).custom?.authorizer).toEqual({
      ...plain,
      ...read,
      protocol: 'http',
      pathPrefix: '/check',
      requestHeaders: [
        { kind: 'exact', value: 'X-User', ignoreCase: true },
        { kind: 'prefix', value: 'x-', ignoreCase: true },
      ],
      additionalHeaders: [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ],
      upstreamHeaders: [{ kind: 'exact', value: 'x-auth', ignoreCase: true }],
      denialHeaders: [{ kind: 'suffix', value: '-reason', ignoreCase: true }],
      responseHeaders: [{ kind: 'exact', value: 'set-cookie', ignoreCase: true }],
    });
  });

  it('headers by their old name, where there is no new one', () => {
    expect(asked(http({ includeHeadersInCheck: ['x-old'] })).custom?.authorizer?.requestHeaders).toEqual([{ kind: 'exact', value: 'x-old', ignoreCase: true }]);
  });

  it.each([
    ['a host', 'auth.example', [entry('shop')]],
    ['in capitals', 'Auth.Example', [entry('shop')]],
    ['a namespace and a host', 'pay/auth.example', [entry('shop'), entry('pay')]],
  ])('a service is named by %s', (_, service, mesh) => {
    const { authorizer } = asked({ envoyExtAuthzGrpc: { service, port: 443 } }, [custom, ...mesh]).custom ?? {};
    expect(authorizer).toMatchObject({ cluster: 'outbound|443||auth.example', authority: 'auth.example' });
  });
});

describe('SEC-R31: what cannot be asked denies', () => {
  it.each<[object, string]>([
    [http({ service: '' }), 'it names no service'],
    [http({ service: 'auth' }), 'there is no service auth; its host is written in full'],
    [http({ service: 'pay/auth.example', port: 443 }), 'there is no service pay/auth.example'],
    [http({ port: 81 }), 'has no port 81'],
    [grpc({ port: 0 }), 'has no port 0'],
    [grpc({ timeout: '0s' }), 'timeout 0s is not 1ms or longer'],
    [grpc({ timeout: '100us' }), 'is not 1ms or longer'],
    [http({ statusOnError: '999' }), 'statusOnError 999'],
    [http({ statusOnError: 'x' }), 'statusOnError x'],
    [http({ pathPrefix: 'check' }), 'pathPrefix check does not begin with a slash'],
    [http({ includeRequestHeadersInCheck: ['*'] }), 'it names headers by * alone'],
    [http({ headersToDownstreamOnDeny: ['a', ''] }), 'it names headers by * alone'],
    [http({ includeAdditionalHeadersInCheck: { 'a b': 'x' } }), 'a header "a b" that HTTP has not'],
    [http({ includeAdditionalHeadersInCheck: { a: 'x\r\ny: z' } }), 'a header "a" that HTTP has not'],
    [http({ includeRequestBodyInCheck: {} }), 'includeRequestBodyInCheck has no maxRequestBytes'],
  ])('%j', (provider, problem) => {
    const found = asked(provider);
    expect(found.custom).not.toHaveProperty('authorizer');
    expect(found.problem).toContain('the provider auth cannot be asked: ');
    expect(found.problem).toContain(problem);
  });

  it('a host of several namespaces, without one', () => {
    const found = asked({ envoyExtAuthzGrpc: { service: 'auth.example', port: 443 } }, [custom, entry('shop'), entry('pay')]);
    expect(found.problem).toContain('in the namespaces pay, shop');
  });

  it('two providers of a name', () => {
    const twice = [
      { name: 'auth', envoyExtAuthzGrpc: { service: host, port: 80 } },
      { name: 'auth', envoyExtAuthzHttp: { service: host, port: 80 } },
    ];
    const { security } = tableOf(documents, { meshConfig: { extensionProviders: twice } });
    expect(security?.authorization?.http.custom[0]).not.toHaveProperty('authorizer');
  });
});
