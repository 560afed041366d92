// What AuthorizationPolicies of a workload are together.
import { describe, expect, it } from 'vitest';
import type { Authorization, AuthorizationRule } from '../../ir/authorization.ts';
import type { Status } from '../../ir/table.ts';
import { gatewayProxy, svc, type TableTest, tableOf } from '../testing.ts';
import { securityDoc } from './testing.ts';

const cart = { namespace: 'shop', labels: { app: 'cart' } };
const policy = (name: string, spec: string, meta = ''): string => securityDoc('AuthorizationPolicy', name, spec, meta);
const paths = (path: string): string => `rules: [{to: [{operation: {paths: ["${path}"]}}]}]`;
const dryRun = 'annotations: {istio.io/dry-run: "true"}';
const names = (rules: readonly AuthorizationRule[] | undefined): string[] | undefined => rules?.map(({ name }) => name);

function authorization(documents: readonly string[], test: TableTest = {}): Authorization | undefined {
  return tableOf(documents, { proxy: cart, ...test }).security?.authorization;
}

function problems(documents: readonly string[], test: TableTest = {}): string[] {
  return tableOf(documents, { proxy: cart, ...test }).statuses.map(
    ({ reason, origin, message }: Status) => `${reason} ${origin.name} ${origin.path.join('.')}: ${message}`,
  );
}

describe('SEC-R21: policies by what they do', () => {
  it('rules of all policies of an action are together, by name', () => {
    const http = authorization([
      policy('shop/b', `action: ALLOW, ${paths('/b')}`),
      policy('shop/a', `rules: [{}, {to: [{operation: {paths: [/x]}}]}]`),
      policy('istio-system/z', `action: DENY, ${paths('/z')}`),
      policy('shop/d', `action: DENY, ${paths('/d')}`),
      policy('shop/l', `action: AUDIT, ${paths('/l')}`),
    ])?.http;
    expect(names(http?.allow)).toEqual(['ns[shop]-policy[a]-rule[0]', 'ns[shop]-policy[a]-rule[1]', 'ns[shop]-policy[b]-rule[0]']);
    expect(names(http?.deny)).toEqual(['ns[istio-system]-policy[z]-rule[0]', 'ns[shop]-policy[d]-rule[0]']);
    expect(names(http?.audit)).toEqual(['ns[shop]-policy[l]-rule[0]']);
    expect(http?.custom).toEqual([]);
    expect(http?.deny[1]?.origin).toEqual({ kind: 'AuthorizationPolicy', namespace: 'shop', name: 'd', path: ['spec', 'rules', 0] });
  });

  it('without an ALLOW policy everything is allowed', () => {
    expect(authorization([policy('shop/d', `action: DENY, ${paths('/d')}`)])?.http).not.toHaveProperty('allow');
    expect(authorization([])).toBeUndefined();
  });

  it('a tenth rule comes before the second, as Envoy sorts names', () => {
    const rules = Array.from({ length: 11 }, () => '{}').join(', ');
    const found = names(authorization([policy('shop/a', `action: DENY, rules: [${rules}]`)])?.http.deny);
    expect(found?.slice(0, 3)).toEqual(['ns[shop]-policy[a]-rule[0]', 'ns[shop]-policy[a]-rule[10]', 'ns[shop]-policy[a]-rule[1]'].sort());
  });
});

describe('SEC-R22: no rules, and rules that say nothing', () => {
  const nothing = { permissions: [{ kind: 'never' }], principals: [{ kind: 'never' }] };
  const anything = { permissions: [{ kind: 'all', of: [{ kind: 'any' }] }], principals: [{ kind: 'all', of: [{ kind: 'any' }] }] };
  it.each<[string, string, object]>([
    ['an empty spec', '', nothing],
    ['an empty list', 'rules: []', nothing],
    ['an empty rule', 'rules: [{}]', anything],
  ])('%s', (_, spec, expected) => {
    const found = authorization([policy('shop/a', spec)]);
    expect(found?.http.allow).toMatchObject([{ name: 'ns[shop]-policy[a]-rule[0]', ...expected }]);
    expect(found?.tcp.allow).toMatchObject([expected]);
    expect(authorization([policy('shop/a', `action: DENY${spec && ', '}${spec}`)])?.http.deny).toMatchObject([expected]);
  });
});

describe('SEC-R29: connections without HTTP', () => {
  const tcp = (action: string, rule: string) => authorization([policy('shop/a', `action: ${action}, rules: [${rule}]`)])?.tcp;
  const any = { kind: 'all', of: [{ kind: 'any' }] };
  const port = { kind: 'all', of: [{ kind: 'some', of: [{ kind: 'destination-port', port: 80 }] }] };
  it.each<[string, string, object[]]>([
    ['paths', '{to: [{operation: {paths: [/a]}}]}', [any]],
    ['methods', '{to: [{operation: {methods: [GET]}}]}', [any]],
    ['hosts', '{to: [{operation: {notHosts: [a]}}]}', [any]],
    ['a port beside them', '{to: [{operation: {paths: [/a], ports: ["80"]}}]}', [port]],
    ['one operation of two', '{to: [{operation: {ports: ["80"]}}, {operation: {paths: [/a]}}]}', [port, any]],
  ])('%s: DENY is for more, ALLOW for nothing', (_, rule, permissions) => {
    expect(tcp('DENY', rule)?.deny).toMatchObject([{ permissions }]);
    expect(tcp('AUDIT', rule)?.audit).toMatchObject([{ permissions }]);
    expect(tcp('ALLOW', rule)?.allow).toEqual([]);
  });

  it.each([
    ['requestPrincipals', '{from: [{source: {requestPrincipals: ["*"]}}]}'],
    ['headers', '{when: [{key: "request.headers[a]", values: [b]}]}'],
    ['claims', '{when: [{key: "request.auth.claims[a]", notValues: [b]}]}'],
    ['audiences', '{when: [{key: request.auth.audiences, values: [b]}]}'],
  ])('%s', (_, rule) => {
    expect(tcp('DENY', rule)?.deny).toMatchObject([{ principals: [any] }]);
    expect(tcp('ALLOW', rule)?.allow).toEqual([]);
  });

  it('what every connection has is asked for', () => {
    const rule = '{from: [{source: {namespaces: [shop], ipBlocks: [10.0.0.1]}}], when: [{key: connection.sni, values: [a]}]}';
    expect(tcp('ALLOW', rule)?.allow).toEqual(authorization([policy('shop/a', `rules: [${rule}]`)])?.http.allow);
  });
});

describe('SEC-R31: dry run', () => {
  it('is told, and not done', () => {
    const found = authorization([
      policy('shop/a', `action: DENY, ${paths('/a')}`, dryRun),
      policy('shop/b', paths('/b'), 'annotations: {istio.io/dry-run: "1"}'),
      policy('shop/c', `action: AUDIT, ${paths('/c')}`, dryRun),
      policy('shop/d', `action: CUSTOM, provider: {name: x}, ${paths('/d')}`, dryRun),
    ]);
    expect(found?.http).toMatchObject({ custom: [], audit: [], deny: [] });
    expect(found?.http).not.toHaveProperty('allow');
    expect([names(found?.http.dryRun?.deny), names(found?.http.dryRun?.allow)]).toEqual([['ns[shop]-policy[a]-rule[0]'], ['ns[shop]-policy[b]-rule[0]']]);
  });

  it.each(['false', 'no', '', 'TRUEISH'])('not for %j', (value) => {
    expect(names(authorization([policy('shop/a', `action: DENY, ${paths('/a')}`, `annotations: {istio.io/dry-run: "${value}"}`)])?.http.deny)).toHaveLength(1);
  });
});

describe('CUSTOM', () => {
  const meshConfig = {
    extensionProviders: [
      { name: 'web', envoyExtAuthzHttp: { service: 'auth.shop.svc.cluster.local', port: 80 } },
      { name: 'rpc', envoyExtAuthzGrpc: { service: 'auth.shop.svc.cluster.local', port: 90 } },
      { name: 'trace', zipkin: { service: 'auth.shop.svc.cluster.local', port: 80 } },
    ],
  };
  const auth = svc('shop/auth http:80 grpc:90');
  const custom = (name: string, provider: string, rules = paths('/c*')): string => policy(name, `action: CUSTOM, provider: {name: ${provider}}, ${rules}`);

  it('SEC-R21: the provider is asked about what its policies match', () => {
    const found = authorization([auth, custom('shop/b', 'rpc'), custom('shop/a', 'rpc')], { meshConfig });
    for (const { custom: one } of [found?.http, found?.tcp].flatMap((view) => view ?? [])) {
      expect(one).toMatchObject([{ provider: 'rpc', authorizer: { protocol: 'grpc', cluster: 'outbound|90||auth.shop.svc.cluster.local' } }]);
      expect(names(one[0]?.rules)).toEqual(['istio-ext-authz-ns[shop]-policy[a]-rule[0]', 'istio-ext-authz-ns[shop]-policy[b]-rule[0]']);
    }
  });

  it('SEC-R29: over HTTP nothing can be asked about a connection', () => {
    const found = authorization([auth, custom('shop/a', 'web')], { meshConfig });
    expect(found?.http.custom).toHaveLength(1);
    expect(found?.tcp.custom).toEqual([]);
  });

  it.each<[string, string[], string, string]>([
    ['a provider that is not there', [custom('shop/a', 'nothere')], 'nothere', 'unknown-provider'],
    ['one that does something else', [custom('shop/a', 'trace')], 'trace', 'unknown-provider'],
    ['one that inherits a name', [custom('shop/a', 'constructor')], 'constructor', 'unknown-provider'],
    ['none', [policy('shop/a', `action: CUSTOM, ${paths('/c')}`)], '', 'unknown-provider'],
  ])('SEC-R31: %s: what the rules match is denied', (_, documents, provider, reason) => {
    const found = authorization([auth, ...documents], { meshConfig });
    for (const view of [found?.http, found?.tcp]) {
      expect(view?.custom).toMatchObject([{ provider, rules: [{ name: 'istio-ext-authz-ns[shop]-policy[a]-rule[0]-deny-due-to-bad-CUSTOM-action' }] }]);
      expect(view?.custom[0]).not.toHaveProperty('authorizer');
    }
    expect(problems([auth, ...documents], { meshConfig })).toEqual([
      expect.stringMatching(new RegExp(`^${reason} a spec.provider: .*, so what the policy is for is denied$`)),
    ]);
  });

  it('SEC-R31: several providers for one workload: nobody is asked', () => {
    const documents = [auth, custom('shop/a', 'web'), custom('shop/b', 'rpc')];
    expect(authorization(documents, { meshConfig })?.http.custom.map(({ provider, authorizer }) => [provider, authorizer])).toEqual([
      ['rpc', undefined],
      ['web', undefined],
    ]);
    expect(problems(documents, { meshConfig })).toEqual([
      expect.stringMatching('conflicting-providers a .*rpc and web'),
      expect.stringMatching('conflicting-providers b'),
    ]);
  });

  it('tokens are not verified yet: what they say is not asked for, and the provider is asked more often', () => {
    const documents = [auth, custom('shop/a', 'rpc', 'rules: [{from: [{source: {requestPrincipals: ["*"], namespaces: [x]}}]}]')];
    expect(authorization(documents, { meshConfig })?.http.custom[0]?.rules[0]?.principals).toEqual([
      { kind: 'all', of: [{ kind: 'some', of: [{ kind: 'peer', match: { kind: 'regex', value: '.*/ns/x/.*' } }] }] },
    ]);
    expect(problems(documents, { meshConfig })).toHaveLength(1);
  });
});

describe('deny on doubt', () => {
  it.each<[string, string, string]>([
    ['a source without a field', '{from: [{source: {}}]}', 'rules.0.from.0.source'],
    ['no source', '{from: [{}]}', 'rules.0.from.0.source'],
    ['an operation without a field', '{to: [{operation: {}}]}', 'rules.0.to.0.operation'],
    ['a condition without values', '{when: [{key: source.ip}]}', 'rules.0.when.0'],
    ['a condition without a key', '{when: [{values: [a]}]}', 'rules.0.when.0.key'],
    ['an attribute that is not there', '{when: [{key: source.user, values: [a]}]}', 'rules.0.when.0.key'],
    ['a name in brackets that is none', '{when: [{key: "request.headers[]", values: [a]}]}', 'rules.0.when.0.key'],
    ['claims that are not closed', '{when: [{key: "request.auth.claims[a", values: [a]}]}', 'rules.0.when.0.key'],
    ['a range that is none', '{from: [{source: {ipBlocks: [10.0.0.0/8, 10.0.0.300]}}]}', 'rules.0.from.0.source.ipBlocks.1'],
    ['an interface', '{from: [{source: {remoteIpBlocks: ["fe80::1%eth0"]}}]}', 'rules.0.from.0.source.remoteIpBlocks.0'],
    ['a port that is none', '{to: [{operation: {ports: ["http"]}}]}', 'rules.0.to.0.operation.ports.0'],
    ['a port that is too great', '{to: [{operation: {ports: ["65536"]}}]}', 'rules.0.to.0.operation.ports.0'],
    ['a template with braces in a segment', '{to: [{operation: {paths: ["/a/{*}x"]}}]}', 'rules.0.to.0.operation.paths.0'],
    ['a template without a slash', '{to: [{operation: {paths: ["a/{*}"]}}]}', 'rules.0.to.0.operation.paths.0'],
    ['a template with two slashes', '{to: [{operation: {paths: ["/a/{*}//"]}}]}', 'rules.0.to.0.operation.paths.0'],
    ['an empty value', '{to: [{operation: {methods: [""]}}]}', 'rules.0.to.0.operation.methods.0'],
  ])('%s: ALLOW allows nothing, DENY is for everybody', (_, rule, path) => {
    const documents = (action: string): string[] => [policy('shop/a', `action: ${action}, rules: [${rule}]`)];
    const any = { kind: 'all', of: [{ kind: 'any' }] };
    expect(authorization(documents('ALLOW'))?.http.allow).toEqual([]);
    expect(authorization(documents('DENY'))?.http.deny).toMatchObject([{ permissions: [any], principals: [any] }]);
    expect(problems(documents('ALLOW'))).toEqual([expect.stringMatching(new RegExp(`^invalid-policy a spec\\.${path}: .* so the rule allows nothing$`))]);
    expect(problems(documents('DENY'))).toEqual([
      expect.stringMatching(new RegExp(`^invalid-policy a spec\\.${path}: .* so the rule is for more than it says$`)),
    ]);
  });

  it('one of the rules does not change the others', () => {
    const found = authorization([policy('shop/a', 'rules: [{to: [{operation: {}}]}, {to: [{operation: {ports: ["80"]}}]}]')]);
    expect(names(found?.http.allow)).toEqual(['ns[shop]-policy[a]-rule[1]']);
  });

  it('an exception that cannot be checked excepts nobody', () => {
    const found = authorization([policy('shop/a', 'action: DENY, rules: [{from: [{source: {notIpBlocks: [10.0.0.1, x]}}]}]')]);
    expect(found?.http.deny[0]?.principals).toEqual([
      { kind: 'all', of: [{ kind: 'not', of: { kind: 'some', of: [{ kind: 'source-ip', cidr: '10.0.0.1/32' }] } }] },
    ]);
  });
});

describe('for which proxies', () => {
  const deny = policy('edge/a', `action: DENY, selector: {matchLabels: {istio: ingress}}, ${paths('/a')}`);
  it('gateways, too', () => expect(names(authorization([deny], { proxy: gatewayProxy })?.http.deny)).toHaveLength(1));
  it('not those that nothing is for', () => expect(tableOf([deny], { proxy: cart })).not.toHaveProperty('security'));
});
