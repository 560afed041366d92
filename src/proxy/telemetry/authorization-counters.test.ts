import { expect, it } from 'vitest';
import { compileFormat } from '../core/format.ts';
import { record } from '../core/testing.ts';
import { AuthorizationMetrics, tcpAuthorization } from './authorization-counters.ts';
import { statName } from './metric-snapshot.ts';
import { statsMatcher } from './stats-matcher.ts';

it('TEL-R6: what policies decide is counted under the names of Envoy, and scrapes get it', () => {
  const metrics = new AuthorizationMetrics();
  metrics.of('inbound_0.0.0.0_8080').denied = 3;
  metrics.of('inbound_0.0.0.0_8080').dryRunDenyDenied = 2;
  metrics.of(tcpAuthorization).allowed = 1;
  const all = metrics.families().flatMap((family) => family.series.map((series) => ({ family: family.name, name: statName(family, series), ...series })));
  const used = all.filter(({ value }) => value > 0).map(({ family, name, labels, value }) => [family, name, labels, value]);
  expect(used).toEqual([
    ['envoy_http_rbac_denied', 'http.inbound_0.0.0.0_8080;.rbac.denied', ['http_conn_manager_prefix', 'inbound_0.0.0.0_8080'], 3],
    [
      'envoy_http_rbac_istio_dry_run_deny_shadow_denied',
      'http.inbound_0.0.0.0_8080;.rbac.istio_dry_run_deny_shadow_denied',
      ['http_conn_manager_prefix', 'inbound_0.0.0.0_8080'],
      2,
    ],
    ['envoy_tcp_rbac_allowed', 'tcp.rbac.allowed', [], 1],
  ]);
  expect(used.every(([, name]) => statsMatcher()(String(name)))).toBe(true);
  metrics.reset();
  expect(metrics.families().every((family) => family.series.every(({ value }) => value === 0))).toBe(true);
});

it.each([
  ['envoy.common:access_log_hint', 'true'],
  ['envoy.common:other', '-'],
  ['envoy.filters.http.rbac:istio_dry_run_deny_shadow_engine_result', 'denied'],
  ['envoy.filters.http.rbac:istio_dry_run_deny_shadow_effective_policy_id', 'ns[shop]-policy[d]-rule[0]'],
  ['envoy.filters.http.rbac:istio_dry_run_allow_shadow_engine_result', 'denied'],
  ['envoy.filters.http.rbac:istio_dry_run_allow_shadow_effective_policy_id', '-'],
  ['envoy.filters.http.other:x', '-'],
  ['envoy.common', '-'],
])('SEC-R31: the access log has %%DYNAMIC_METADATA(%s)%%: %s', (argument, expected) => {
  const format = compileFormat(`%DYNAMIC_METADATA(${argument})%`, {});
  if ('error' in format) throw new Error(format.error);
  const rule = { name: 'ns[shop]-policy[d]-rule[0]', permissions: [], principals: [], origin: { kind: '', namespace: '', name: '', path: [] } };
  const authorization = { audit: 'w', dryRun: { deny: { denied: true, rule }, allow: { allowed: false, rule: undefined } } };
  expect(format.render(record('/', [], { authorization }), '-')).toBe(expected);
  expect(format.render(record(), '-')).toBe('-');
});
