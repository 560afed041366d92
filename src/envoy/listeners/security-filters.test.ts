// What Envoy's listeners ask of those who come in.
import { createHash, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RoutingTable } from '../../ir/table.ts';
import { securityDoc } from '../../translate/security/testing.ts';
import { gatewayProxy, svc, type TableTest, tableOf } from '../../translate/testing.ts';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { listenerResource } from './listener.ts';
import { fetchedKeys, identityOf } from './security-filters.ts';
import { at, gateway, objects, ownService, ownWorkload } from './testing.ts';

const policy = (name: string, spec: string, meta = ''): string => securityDoc('AuthorizationPolicy', name, spec, meta);
const tokens = (rules: string): string => securityDoc('RequestAuthentication', 'shop/tokens', `jwtRules: [${rules}]`);
const path = (value: string): string => `rules: [{to: [{operation: {paths: ["${value}"]}}]}]`;
const dryRun = 'annotations: {istio.io/dry-run: "true"}';
const providers = {
  meshConfig: {
    extensionProviders: [
      { name: 'web', envoyExtAuthzHttp: { service: 'auth.shop.svc.cluster.local', port: 80 } },
      { name: 'rpc', envoyExtAuthzGrpc: { service: 'auth.shop.svc.cluster.local', port: 90 } },
    ],
  },
};
const auth = svc('shop/auth http:80 grpc:90');
const custom = (provider: string): string => policy('shop/c', `action: CUSTOM, provider: {name: ${provider}}, ${path('/c')}`);

const table = (documents: readonly string[], test: TableTest = {}): RoutingTable => tableOf([ownService, ...documents], { proxy: ownWorkload, ...test });

/** Filters of the chain of a port: those of requests, or those of connections. */
function filters(
  documents: readonly string[],
  port: 8080 | 9090 = 8080,
  { options = { meshTls: 'sds' }, ...test }: TableTest & { options?: EnvoyOptions } = {},
): JsonObject[] {
  const made = table(documents, test);
  const inbound = made.listeners.find(({ name }) => name === 'virtualInbound');
  if (!inbound) throw new Error('there is no inbound listener');
  const chain = objects(listenerResource(inbound, made, options).filter_chains).find((one) => at(one, 'filter_chain_match.destination_port') === port);
  const own = objects(chain?.filters);
  const manager = own.find(({ name }) => name === 'envoy.filters.network.http_connection_manager');
  return manager ? objects(at(manager, 'typed_config.http_filters')) : own;
}

const configs = (list: readonly JsonObject[], name: string): JsonObject[] =>
  list.filter((one) => one.name === name).map(({ typed_config }) => typed_config as JsonObject);

/** `rbac DENY`, `ext_authz`, … */
function order(list: readonly JsonObject[]): string[] {
  return list.map(({ name, typed_config: config }) => {
    const short = String(name).replace(/^envoy\.filters\.\w+\./, '');
    if (!short.startsWith('rbac') || !isObject(config)) return short;
    const of = (rules: JsonValue | undefined, sign = ''): string[] => (isObject(rules) ? [`${sign}${String(rules.action ?? 'ALLOW')}`] : []);
    return ['rbac', ...of(config.rules), ...of(config.shadow_rules, '?')].join(' ');
  });
}

const everything = [
  auth,
  custom('rpc'),
  tokens('{issuer: a, jwks: "{}"}'),
  policy('shop/l', `action: AUDIT, ${path('/l')}`),
  policy('shop/d', `action: DENY, ${path('/d')}`),
  policy('shop/a', path('/a')),
];

describe('SEC-R7: the order of the filters', () => {
  it('of requests', () => {
    expect(order(filters(everything, 8080, providers))).toEqual([
      'rbac ?DENY',
      'ext_authz',
      'jwt_authn',
      'rbac LOG',
      'rbac DENY',
      'rbac ALLOW',
      'grpc_stats',
      'fault',
      'cors',
      'router',
    ]);
  });

  it('of connections', () => {
    expect(order(filters(everything, 9090, providers))).toEqual(['rbac ?DENY', 'ext_authz', 'rbac LOG', 'rbac DENY', 'rbac ALLOW', 'tcp_proxy']);
  });

  it('without a policy there are none', () => {
    expect(order(filters([]))).toEqual(['grpc_stats', 'fault', 'cors', 'router']);
    expect(order(filters([], 9090))).toEqual(['tcp_proxy']);
  });

  it('an AUDIT, a DENY or an ALLOW policy alone has one', () => {
    expect(order(filters([policy('shop/l', `action: AUDIT, ${path('/l')}`)]))[0]).toBe('rbac LOG');
    expect(order(filters([policy('shop/d', `action: DENY, ${path('/d')}`)])).slice(0, 2)).toEqual(['rbac DENY', 'grpc_stats']);
    expect(order(filters([policy('shop/a', '')])).slice(0, 2)).toEqual(['rbac ALLOW', 'grpc_stats']);
  });

  it('outbound listeners of a sidecar have none, nor has what goes nowhere', () => {
    const made = table([policy('shop/d', `action: DENY, ${path('/d')}`), svc('shop/x http:80 tcp:91 10.0.0.7')]);
    for (const listener of made.listeners) {
      const chains = objects(listenerResource(listener, made, { meshTls: 'sds' }).filter_chains);
      const guarded = chains.filter((chain) => JSON.stringify(chain).includes('policy[d]')).map(({ name }) => name);
      expect(guarded.length > 0).toBe(listener.direction === 'inbound');
      expect(guarded).not.toContain('virtualInbound-blackhole');
      if (listener.direction === 'inbound') expect(guarded).toHaveLength(chains.length - 1);
    }
  });

  it('gateways have them at all of their listeners', () => {
    const documents = [policy('edge/d', `action: DENY, ${path('/d')}`), svc('shop/cart http:80 tcp:90')];
    const made = gateway('{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}', { proxy: gatewayProxy }, undefined, documents);
    expect(JSON.stringify(made)).toContain('ns[edge]-policy[d]-rule[0]');
  });
});

describe('MAP-R69: rules', () => {
  const rules = (spec: string, port: 8080 | 9090 = 8080): JsonObject =>
    configs(filters([policy('shop/a', spec)], port), `envoy.filters.${port === 8080 ? 'http' : 'network'}.rbac`)[0] as JsonObject;

  it('are by name, with what is asked for and who asks', () => {
    const source = 'source: {principals: ["cluster.local/ns/a/sa/b"], notIpBlocks: [10.0.0.1], remoteIpBlocks: [10.0.0.0/8]}';
    const operation = 'operation: {methods: [GET, "*"], hosts: [A], paths: ["/u/{*}", "/x*"], notPorts: ["80"]}';
    const when = '{key: "request.headers[x]", values: ["*a"]}, {key: destination.ip, values: ["fd00::/8"]}, {key: "request.auth.claims[g]", values: [z]}';
    expect(rules(`rules: [{from: [{${source}}], to: [{${operation}}], when: [${when}]}]`)).toEqual({
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
      shadow_rules_stat_prefix: 'istio_dry_run_allow_',
      rules: {
        policies: {
          'ns[shop]-policy[a]-rule[0]': {
            permissions: [
              {
                and_rules: {
                  rules: [
                    { or_rules: { rules: [{ header: { name: ':authority', string_match: { exact: 'A', ignore_case: true } } }] } },
                    {
                      or_rules: {
                        rules: [{ header: { name: ':method', string_match: { exact: 'GET' } } }, { header: { name: ':method', present_match: true } }],
                      },
                    },
                    {
                      or_rules: {
                        rules: [
                          {
                            uri_template: {
                              name: 'uri-template',
                              typed_config: {
                                '@type': 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
                                path_template: '/u/*',
                              },
                            },
                          },
                          { url_path: { path: { prefix: '/x' } } },
                        ],
                      },
                    },
                    { not_rule: { or_rules: { rules: [{ destination_port: 80 }] } } },
                    { or_rules: { rules: [{ destination_ip: { address_prefix: 'fd00::', prefix_len: 8 } }] } },
                  ],
                },
              },
            ],
            principals: [
              {
                and_ids: {
                  ids: [
                    { or_ids: { ids: [{ authenticated: { principal_name: { exact: 'spiffe://cluster.local/ns/a/sa/b' } } }] } },
                    { or_ids: { ids: [{ remote_ip: { address_prefix: '10.0.0.0', prefix_len: 8 } }] } },
                    { not_id: { or_ids: { ids: [{ direct_remote_ip: { address_prefix: '10.0.0.1', prefix_len: 32 } }] } } },
                    { or_ids: { ids: [{ header: { name: 'x', string_match: { suffix: 'a' } } }] } },
                    {
                      metadata: {
                        filter: 'envoy.filters.http.jwt_authn',
                        path: [{ key: 'payload' }, { key: 'g' }],
                        value: {
                          or_match: { value_matchers: [{ list_match: { one_of: { string_match: { exact: 'z' } } } }, { string_match: { exact: 'z' } }] },
                        },
                      },
                    },
                  ],
                },
              },
            ],
          },
        },
      },
    });
  });

  it('SEC-R22: no rules match nothing', () => {
    const never = { permissions: [{ not_rule: { any: true } }], principals: [{ not_id: { any: true } }] };
    expect(rules('rules: []')).toMatchObject({ rules: { policies: { 'ns[shop]-policy[a]-rule[0]': never } } });
  });

  it('SEC-R29: connections are refused where rules are about HTTP', () => {
    expect(rules(path('/a'), 9090)).toMatchObject({ rules: {}, stat_prefix: 'tcp.' });
    expect(rules(`action: DENY, ${path('/a')}`, 9090)).toMatchObject({
      rules: { action: 'DENY', policies: { 'ns[shop]-policy[a]-rule[0]': { permissions: [{ and_rules: { rules: [{ any: true }] } }] } } },
    });
  });

  it('claims and metadata of other filters', () => {
    const made = JSON.stringify(
      rules('rules: [{from: [{source: {requestPrincipals: ["iss/*"]}}], when: [{key: "experimental.envoy.filters.a.b[c]", values: ["[x]", v]}]}]'),
    );
    expect(made).toContain('"path":[{"key":"payload"},{"key":"iss"}],"value":{"string_match":{"exact":"iss"}}');
    expect(made).toContain('{"filter":"envoy.filters.a.b","path":[{"key":"c"}],"value":{"list_match":{"one_of":{"string_match":{"exact":"x"}}}}}');
    expect(made).toContain('{"filter":"envoy.filters.a.b","path":[{"key":"c"}],"value":{"string_match":{"exact":"v"}}}');
  });
});

describe('SEC-R31: what is only told', () => {
  it.each<[string, string[], object[]]>([
    [
      'DENY',
      [policy('shop/d', `action: DENY, ${path('/d')}`, dryRun)],
      [{ shadow_rules: { action: 'DENY' }, shadow_rules_stat_prefix: 'istio_dry_run_deny_' }],
    ],
    ['ALLOW', [policy('shop/a', path('/a'), dryRun)], [{ shadow_rules: { policies: {} }, shadow_rules_stat_prefix: 'istio_dry_run_allow_' }]],
    [
      'beside what is done',
      [policy('shop/d', `action: DENY, ${path('/d')}`, dryRun), policy('shop/e', `action: DENY, ${path('/e')}`)],
      [{ rules: { action: 'DENY', policies: { 'ns[shop]-policy[e]-rule[0]': {} } }, shadow_rules: { policies: { 'ns[shop]-policy[d]-rule[0]': {} } } }],
    ],
    ['AUDIT: nothing', [policy('shop/l', `action: AUDIT, ${path('/l')}`, dryRun)], []],
  ])('%s', (_, documents, expected) => {
    const found = configs(filters(documents), 'envoy.filters.http.rbac');
    expect(found).toHaveLength(expected.length);
    for (const [i, one] of expected.entries()) expect(found[i]).toMatchObject(one);
  });

  it('a provider that is not there: the rules deny', () => {
    const found = filters([custom('nothere')]);
    expect(order(found).slice(0, 2)).toEqual(['rbac DENY', 'grpc_stats']);
    expect(Object.keys(at(found[0], 'typed_config.rules.policies') as object)).toEqual([
      'istio-ext-authz-ns[shop]-policy[c]-rule[0]-deny-due-to-bad-CUSTOM-action',
    ]);
  });
});

describe('CUSTOM: ext_authz', () => {
  const enabled = (level: string) => ({
    filter: `envoy.filters.${level}.rbac`,
    path: [{ key: 'istio_ext_authz_shadow_effective_policy_id' }],
    value: { string_match: { prefix: 'istio-ext-authz' } },
  });

  it('over gRPC, of requests and of connections', () => {
    const service = {
      grpc_service: { envoy_grpc: { cluster_name: 'outbound|90||auth.shop.svc.cluster.local', authority: 'auth.shop.svc.cluster.local' }, timeout: '600s' },
    };
    const session = { include_peer_certificate: true, include_tls_session: true, transport_api_version: 'V3' };
    const [http] = configs(filters([auth, custom('rpc')], 8080, providers), 'envoy.filters.http.ext_authz');
    expect(http).toEqual({
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
      ...service,
      ...session,
      filter_enabled_metadata: enabled('http'),
    });
    const [network] = configs(filters([auth, custom('rpc')], 9090, providers), 'envoy.filters.network.ext_authz');
    expect(network).toEqual({
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.ext_authz.v3.ExtAuthz',
      ...service,
      ...session,
      stat_prefix: 'tcp.',
      filter_enabled_metadata: enabled('network'),
    });
  });

  it('over HTTP, of requests', () => {
    expect(order(filters([auth, custom('web')], 9090, providers))).toEqual(['tcp_proxy']);
    expect(configs(filters([auth, custom('web')], 8080, providers), 'envoy.filters.http.ext_authz')).toEqual([
      {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
        http_service: { server_uri: { uri: 'http://auth.shop.svc.cluster.local', cluster: 'outbound|80||auth.shop.svc.cluster.local', timeout: '600s' } },
        transport_api_version: 'V3',
        filter_enabled_metadata: enabled('http'),
      },
    ]);
  });

  it('with everything that can be said', () => {
    const [web] = providers.meshConfig.extensionProviders;
    const said = {
      ...web?.envoyExtAuthzHttp,
      timeout: '1s',
      pathPrefix: '/check',
      failOpen: true,
      statusOnError: '503',
      clearRouteCache: true,
      includeRequestHeadersInCheck: ['X-A', 'x-*'],
      includeAdditionalHeadersInCheck: { a: 'b' },
      includeRequestBodyInCheck: { maxRequestBytes: 9, allowPartialMessage: true, packAsBytes: true },
      headersToUpstreamOnAllow: ['u'],
      headersToDownstreamOnDeny: ['*d'],
      headersToDownstreamOnAllow: ['s'],
    };
    const meshConfig = { extensionProviders: [{ name: 'web', envoyExtAuthzHttp: said }] };
    const ignoring = (match: object) => ({ patterns: [{ ...match, ignore_case: true }] });
    expect(configs(filters([auth, custom('web')], 8080, { meshConfig }), 'envoy.filters.http.ext_authz')[0]).toMatchObject({
      failure_mode_allow: true,
      status_on_error: { code: 503 },
      clear_route_cache: true,
      with_request_body: { max_request_bytes: 9, allow_partial_message: true, pack_as_bytes: true },
      allowed_headers: {
        patterns: [
          { exact: 'X-A', ignore_case: true },
          { prefix: 'x-', ignore_case: true },
        ],
      },
      http_service: {
        path_prefix: '/check',
        server_uri: { timeout: '1s' },
        authorization_request: { headers_to_add: [{ key: 'a', value: 'b' }] },
        authorization_response: {
          allowed_upstream_headers: ignoring({ exact: 'u' }),
          allowed_client_headers: ignoring({ suffix: 'd' }),
          allowed_client_headers_on_success: ignoring({ exact: 's' }),
        },
      },
    });
  });
});

describe('MAP-R68: tokens', () => {
  const publicKey =
    '{"keys":[{"kty":"EC","crv":"P-256","x":"v08b7a-nS3xk_V3mI4eexpkVNTcjlYiCI_kLIBeWoFM","y":"jUq7Y75QRTowhsd088MsiC7d66A8h3ea5vdmOZRU0Lg","kid":"k"}]}';
  const inline = `jwks: '${publicKey}'`;
  const filter = (rules: string, options: EnvoyOptions = { meshTls: 'sds' }): JsonObject =>
    configs(filters([tokens(rules)], 8080, { options }), 'envoy.filters.http.jwt_authn')[0] as JsonObject;
  const keysOf = (rules: string, options?: EnvoyOptions): JsonValue | undefined => at(filter(rules, options), 'providers.origins-0.local_jwks.inline_string');

  it('SEC-R40: one issuer: a valid token or none', () => {
    expect(filter(`{issuer: a, ${inline}}`)).toEqual({
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
      providers: {
        'origins-0': {
          issuer: 'a',
          local_jwks: { inline_string: publicKey },
          payload_in_metadata: 'payload',
          normalize_payload_in_metadata: { space_delimited_claims: ['permission', 'scope'] },
        },
      },
      rules: [{ match: { prefix: '/' }, requires: { requires_any: { requirements: [{ provider_name: 'origins-0' }, { allow_missing: {} }] } } }],
      bypass_cors_preflight: true,
    });
  });

  it('SEC-R40: several: one valid token, or each valid or missing', () => {
    const one = (name: string) => ({ requires_any: { requirements: [{ provider_name: name }, { allow_missing: {} }] } });
    expect(at(filter(`{issuer: a, ${inline}}, {issuer: b, ${inline}}`), 'rules.0.requires')).toEqual({
      requires_any: {
        requirements: [
          { provider_name: 'origins-0' },
          { provider_name: 'origins-1' },
          { requires_all: { requirements: [one('origins-0'), one('origins-1')] } },
        ],
      },
    });
  });

  it('SEC-R41, R42: places, audiences, and what becomes of a token', () => {
    const rule = `{issuer: a, ${inline}, audiences: [x], fromHeaders: [{name: X-T, prefix: "P "}, {name: z}], fromParams: [p], fromCookies: [c], forwardOriginalToken: true, outputPayloadToHeader: o, outputClaimToHeaders: [{header: h, claim: a.b}], spaceDelimitedClaims: [g]}`;
    expect(at(filter(rule), 'providers.origins-0')).toEqual({
      issuer: 'a',
      audiences: ['x'],
      local_jwks: { inline_string: publicKey },
      from_headers: [{ name: 'x-t', value_prefix: 'P ' }, { name: 'z' }],
      from_params: ['p'],
      from_cookies: ['c'],
      forward: true,
      forward_payload_header: 'o',
      claim_to_headers: [{ header_name: 'h', claim_name: 'a.b' }],
      payload_in_metadata: 'payload',
      normalize_payload_in_metadata: { space_delimited_claims: ['g', 'permission', 'scope'] },
    });
  });

  it('SEC-R42: headers that tokens set are dropped before the route is chosen', () => {
    const early = (outputs: string): JsonValue | undefined => {
      const rules = securityDoc('RequestAuthentication', 'edge/t', `jwtRules: [{issuer: a, ${inline}${outputs}}]`);
      const made = gateway('{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}', { proxy: gatewayProxy }, undefined, [rules]);
      return JSON.parse(/"early_header_mutation_extensions":(\[.*?\]\}\}\])/.exec(JSON.stringify(made))?.[1] ?? 'null');
    };
    expect(early('')).toBeNull();
    expect(early(', outputPayloadToHeader: X-Payload, outputClaimToHeaders: [{header: X-User, claim: sub}, {header: x-payload, claim: a}]')).toEqual([
      {
        name: 'envoy.http.early_header_mutation.header_mutation',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
          mutations: [{ remove: 'x-payload' }, { remove: 'x-user' }],
        },
      },
    ]);
  });

  it('gateways choose the route once more', () => {
    const rules = securityDoc('RequestAuthentication', 'edge/t', `jwtRules: [{issuer: a, ${inline}}]`);
    const made = gateway('{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}', { proxy: gatewayProxy }, undefined, [rules]);
    expect(JSON.stringify(made)).toContain('"clear_route_cache":true');
  });

  it.each(['nothing', '{}', '{"keys":[]}', '{"keys":[{"kty":"RSA"}]}', '{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}'])(
    'Envoy takes no set without a usable key, %s: it gets one that nobody can sign with',
    (jwks) => {
      const [key] = (JSON.parse(String(keysOf(`{issuer: a, jwks: '${jwks}'}`))) as { keys: Record<string, string>[] }).keys;
      // The hash of a text is on the curve by chance: nobody knows of what multiple of the base point it is the abscissa.
      expect(key?.x).toBe(createHash('sha256').update('no keys 0').digest('base64url'));
      expect(createPublicKey({ key: key as Record<string, string>, format: 'jwk' }).asymmetricKeyType).toBe('ec');
    },
  );

  it('keys that somebody else fetches come from there, and go when they are gone', () => {
    const asked = new Set<string>();
    const options: EnvoyOptions = {
      meshTls: 'sds',
      jwks: (source) => {
        asked.add(JSON.stringify(source));
        return publicKey;
      },
    };
    expect(keysOf('{issuer: a, jwksUri: "https://b/keys"}', options)).toBe(publicKey);
    expect(keysOf('{issuer: "https://a", timeout: 1s}', options)).toBe(publicKey);
    expect([...asked].map((source) => JSON.parse(source))).toEqual([
      { kind: 'remote', uri: 'https://b/keys', timeoutMs: 5000 },
      { kind: 'discovery', issuer: 'https://a', timeoutMs: 1000 },
    ]);
    const none = keysOf('{issuer: a}');
    expect(none).not.toBe(publicKey);
    expect(keysOf('{issuer: a}', { meshTls: 'sds', jwks: () => undefined })).toBe(none);
  });

  it('the resource of a listener is another one when keys, or what is asked, change, and only then', () => {
    let keys = publicKey;
    const options: EnvoyOptions = { meshTls: 'sds', jwks: () => keys };
    const made = table([tokens('{issuer: a}')]);
    const inbound = made.listeners.find(({ direction }) => direction === 'inbound') as RoutingTable['listeners'][number];
    const before = identityOf(inbound, made, options);
    expect(identityOf(inbound, { ...made }, options)).toBe(before);
    expect(identityOf(inbound, { ...made, security: { ...made.security } }, options)).not.toBe(before);
    keys = publicKey.replace('"k"', '"l"');
    expect(identityOf(inbound, made, options)).not.toBe(before);
    for (const outbound of made.listeners.filter(({ direction }) => direction === 'outbound')) expect(identityOf(outbound, made, options)).toBe(outbound);
    expect(fetchedKeys(table([]), options)).toBe('');
    expect(fetchedKeys(table([tokens(`{issuer: a, ${inline}}`)]), options)).toBe('');
  });
});
