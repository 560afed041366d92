// Policies for tests: written ones, and random ones, of which some are not valid, with few names, so that things meet.
import fc, { type Arbitrary } from 'fast-check';
import type { MeshConfig_ExtensionProvider } from '../../manifest/istio/mesh.gen.ts';
import { doc } from '../testing.ts';

/** A document of one line, as `doc`, of a kind of security.istio.io. */
export function securityDoc(kind: string, name: string, spec: string, meta = ''): string {
  return doc(kind, name, spec, meta).replace('networking.istio.io', 'security.istio.io');
}

type Spec = Record<string, unknown>;

const of = fc.constantFrom;
const some = (fields: Record<string, Arbitrary<unknown>>): Arbitrary<Spec> => fc.record(fields, { requiredKeys: [] });
const values = (...list: string[]): Arbitrary<string[]> => fc.array(of(...list), { minLength: 1, maxLength: 3 });

const principals = values('cluster.local/ns/shop/sa/one', 'cluster.local/ns/shop/*', '*/sa/two', '*', 'old.example/ns/pay/sa/one', 'sa.(one', '');
const addresses = values('10.1.0.0/16', '10.1.0.1', 'fd00::/8', 'fd00::1', '10.1.0.300', 'fe80::1%eth0');
const tokens = values('https://issuer.example/user', 'https://issuer.example/*', '*', '*/user', '*er', 'https://iss*', 'plain');

/** A field that is written as it is, or negated, or both. */
function field(name: string, list: Arbitrary<string[]>): Record<string, Arbitrary<string[]>> {
  return { [name]: list, [`not${name[0]?.toUpperCase()}${name.slice(1)}`]: list };
}

const source = some({
  ...field('principals', principals),
  ...field('requestPrincipals', tokens),
  ...field('namespaces', values('shop', 'p*', '*', 'a.b')),
  ...field('serviceAccounts', values('one', 'pay/two', 'a.b/c')),
  ...field('ipBlocks', addresses),
  ...field('remoteIpBlocks', addresses),
});

const operation = some({
  ...field('hosts', values('shop.example', '*.example', 'shop.*', '*', 'Shop.example:8080')),
  ...field('methods', values('GET', 'P*', '*T', '*')),
  ...field('paths', values('/a', '/a*', '*/b', '*', '/u/{*}', '//u/{*}', '/u/{*}//', '/f/{**}', '/u/{*}/f/{**}', '/{**}/{*}', '/u/{*}x', 'u/{*}', '/u/{*}/')),
  ...field('ports', values('80', '8080', '0', '65536', 'http')),
});

const key = of(
  'request.headers[X-User]',
  'request.headers[:path]',
  'request.headers[]',
  'request.experimental.inline.headers[x-list]',
  'source.ip',
  'remote.ip',
  'source.namespace',
  'source.serviceAccount',
  'source.principal',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'request.auth.claims[groups]',
  'request.auth.claims[user][name]',
  'request.auth.claims[user',
  'destination.ip',
  'destination.port',
  'connection.sni',
  'experimental.envoy.filters.a.b[c]',
  'experimental.envoy.filters.a.b',
  'destination.user',
);
const conditionValues = values('10.1.0.1', '8080', 'shop', 'shop/one', 'a*', '*a', '*', '[list]', 'a.+(', '');
const condition = fc.tuple(key, some({ values: conditionValues, notValues: conditionValues })).map(([name, lists]) => ({ key: name, ...lists }));

const rule = fc.oneof(
  { weight: 1, arbitrary: of({}, { from: [{}] }, { to: [{ operation: {} }] }) },
  {
    weight: 9,
    arbitrary: some({
      from: fc.array(
        source.map((one) => ({ source: one })),
        { minLength: 1, maxLength: 2 },
      ),
      to: fc.array(
        operation.map((one) => ({ operation: one })),
        { minLength: 1, maxLength: 2 },
      ),
      when: fc.array(condition, { maxLength: 2 }),
    }),
  },
);

const gateway = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'api' };
function whom(apps: readonly string[]): Arbitrary<Spec> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    { weight: 4, arbitrary: of(...apps).map((app) => ({ selector: { matchLabels: { app } } })) },
    { weight: 2, arbitrary: of<Spec>({ selector: { matchLabels: { istio: 'ingress' } } }, { targetRef: gateway }, { targetRefs: [gateway] }) },
    { weight: 1, arbitrary: of<Spec>({ targetRefs: [{ kind: 'Service', group: '', name: 'a' }] }, { targetRefs: [{ ...gateway, kind: 'GatewayClass' }] }) },
  );
}

/** @param apps of workloads, by their label `app` */
export function authorizationSpec(apps: readonly string[]): Arbitrary<Spec> {
  return fc
    .tuple(whom(apps), of('ALLOW', 'DENY', 'AUDIT', 'CUSTOM', undefined), fc.array(rule, { maxLength: 3 }), of('http', 'http', 'grpc', 'missing', 'broken'))
    .map(([selecting, action, rules, name]) => ({ ...selecting, action, rules, ...(action === 'CUSTOM' ? { provider: { name } } : {}) }));
}

const keySet = '{"keys":[{"kty":"oct","kid":"k","alg":"HS256","k":"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}]}';

const jwtRule = some({
  issuer: of('https://issuer.example', 'https://a.example', ''),
  audiences: values('a', 'b'),
  jwks: of(keySet, '{"keys":[]}', 'nothing'),
  jwksUri: of('https://issuer.example/keys', 'http://keys.shop.svc.cluster.local:8080/'),
  fromHeaders: of([{ name: 'X-Token', prefix: 'Token ' }], [{ name: 'authorization' }], [{ name: 'no header' }, { name: ':path' }, { name: '' }]),
  fromParams: values('token', 'a b&c=d', ''),
  fromCookies: values('session', 'a=b; c', ''),
  forwardOriginalToken: fc.boolean(),
  outputPayloadToHeader: of('x-payload', 'no header', ':path'),
  outputClaimToHeaders: of([{ header: 'x-user', claim: 'user.name' }], [{ header: 'no header', claim: 'x' }]),
  spaceDelimitedClaims: values('groups'),
  timeout: of('1s', '0s'),
});

export function authenticationSpec(apps: readonly string[]): Arbitrary<Spec> {
  return fc.tuple(whom(apps), fc.array(jwtRule, { maxLength: 3 })).map(([selecting, jwtRules]) => ({ ...selecting, jwtRules }));
}

const modes = of('STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET').map((mode) => ({ mode }));

export function peerAuthenticationSpec(apps: readonly string[]): Arbitrary<Spec> {
  return fc
    .tuple(whom(apps), some({ mtls: modes, portLevelMtls: of(8080, 90, 0, 70_000).chain((port) => modes.map((mtls) => ({ [port]: mtls }))) }))
    .map(([{ selector }, rest]) => ({ ...(selector ? { selector } : {}), ...rest }));
}

/** Providers that the policies name; those whose service is missing cannot be asked. @param services at ports 80 and 90 */
export const extensionProviders = (http: string, grpc: string): MeshConfig_ExtensionProvider[] => [
  {
    name: 'http',
    envoyExtAuthzHttp: {
      service: http,
      port: 80,
      timeout: '2s',
      pathPrefix: '/check',
      includeRequestHeadersInCheck: ['x-user', 'x-*'],
      includeAdditionalHeadersInCheck: { 'x-from': 'mesh' },
      headersToUpstreamOnAllow: ['x-auth'],
      headersToDownstreamOnDeny: ['*-reason'],
      headersToDownstreamOnAllow: ['set-cookie'],
      includeRequestBodyInCheck: { maxRequestBytes: 1024, allowPartialMessage: true },
      clearRouteCache: true,
    },
  },
  { name: 'grpc', envoyExtAuthzGrpc: { service: grpc, port: 90, failOpen: true, statusOnError: '503' } },
  { name: 'broken', envoyExtAuthzGrpc: { service: 'nothing.example', port: 90 } },
];
