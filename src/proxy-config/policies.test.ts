import { expect, it } from 'vitest';
import { allowsNothing, policiesInForce } from './policies.ts';

const type = 'type.googleapis.com/envoy.extensions.filters';
const rbac = (rules: object, level = 'http') => ({ name: 'any', typed_config: { '@type': `${type}.${level}.rbac.v3.RBAC`, ...rules } });
const policies = (...names: string[]) => Object.fromEntries(names.map((name) => [name, { permissions: [], principals: [] }]));
const rule = (policy: string, index = 0) => `ns[shop]-policy[${policy}]-rule[${index}]`;
const http = (...filters: object[]) => ({
  name: 'hcm',
  typed_config: { '@type': `${type}.network.http_connection_manager.v3.HttpConnectionManager`, http_filters: filters },
});
const listener = (...filters: object[]) => ({ name: 'virtualInbound', filter_chains: [{ filters }] });

it('each policy once, in the order in which they are asked', () => {
  const deny = rbac({ rules: { action: 'DENY', policies: policies(rule('d'), rule('d', 1)) } });
  const allow = rbac({ rules: { policies: policies(rule('a')) }, shadow_rules: { policies: policies(rule('t')) } });
  const audit = rbac({ rules: { action: 'LOG', policies: policies(rule('u')) } });
  const custom = rbac({ shadow_rules: { action: 'DENY', policies: policies(`istio-ext-authz-${rule('c')}`) } });
  const ofTcp = rbac({ rules: { action: 'DENY', policies: policies(rule('d')) } }, 'network');
  const found = policiesInForce([
    listener(http(allow, deny, audit, custom)),
    listener(http(allow, deny)),
    { name: 'x', default_filter_chain: { filters: [ofTcp] } },
  ]);
  expect(found.map(({ action, dryRun, namespace, name, rules }) => [action, dryRun, `${namespace}/${name}`, rules])).toEqual([
    ['CUSTOM', false, 'shop/c', 1],
    ['AUDIT', false, 'shop/u', 1],
    ['DENY', false, 'shop/d', 2],
    ['ALLOW', false, 'shop/a', 1],
    ['ALLOW', true, 'shop/t', 1],
  ]);
});

it('field names as JSON of protocol buffers has them', () => {
  const filter = { name: 'x', typedConfig: { '@type': `${type}.http.rbac.v3.RBAC`, rules: { action: 'DENY', policies: policies(rule('d')) } } };
  const connection = { name: 'x', typedConfig: { httpFilters: [filter] } };
  expect(policiesInForce([{ filterChains: [{ filters: [connection] }] }])).toMatchObject([{ action: 'DENY', name: 'd' }]);
});

it('a policy of somebody else is named by its rule', () => {
  expect(policiesInForce([listener(http(rbac({ rules: { policies: policies('own') } })))])).toMatchObject([
    { action: 'ALLOW', namespace: '', name: 'own', rules: 1 },
  ]);
});

it.each([
  [{ rules: {} }, true],
  [{ rules: { policies: policies(rule('a')) } }, false],
  [{ rules: { action: 'DENY' } }, false],
  [{ shadow_rules: {} }, false],
])('%j lets nobody in: %s', (rules, nobody) => expect(allowsNothing([listener(http(rbac(rules)))])).toBe(nobody));
