import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import analyzer from './service-port-name.ts';

const service = (ports: string, spec = '', labels = 'app: a'): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: {${labels}}}\nspec:\n  ports:\n  - ${ports}\n${spec}`;
const external = '  type: ExternalName\n  externalName: a.example\n';

it.each([
  ['a protocol', service('{name: http-web, port: 80}'), []],
  ['no protocol', service('{name: web, port: 80}'), ['IST0118:6']],
  ['no name', service('port: 80'), ['IST0118:6']],
  ['the line of the number', service('name: web\n    port: 80'), ['IST0118:7']],
  ['a part of Istio', service('port: 80', '', 'istio: pilot'), []],
  ['a generated gateway', service('port: 80', '', 'gateway.istio.io/managed: istio.io-gateway-controller'), []],
  ['what another controller made', service('port: 80', '', 'gateway.istio.io/managed: example.com'), ['IST0118:6']],
  ['an external service', service('{name: http, port: 80}', external), []],
  ['an external service with tcp', service('{name: tcp, port: 80}', external), ['IST0150:6']],
  ['an external service with tcp-db', service('{name: tcp-db, port: 80}', external), []],
  ['an external service without a name', service('port: 80', external), ['IST0150:6']],
  ['tcp elsewhere', service('{name: tcp, port: 80}'), []],
  ['null', service('null'), ['IST0118:6']],
])('%s', (_, yaml, expected) => {
  expect(runAnalyzer(analyzer, yaml).map(({ code, line }) => `${code}:${line}`)).toEqual(expected);
});

it('tells the target port as the reference does', () => {
  expect(runAnalyzer(analyzer, service('{name: web, port: 81}'))[0]?.text).toContain('port 81 (targetPort 0)');
  expect(runAnalyzer(analyzer, service('{name: web, port: 81, targetPort: app}'))[0]?.text).toContain('(targetPort app)');
});

it('says it once for the ports on one line, as the reference does, which names none', () => {
  const yaml = service('x', external).replace('\n  - x', ' [{name: tcp, port: 80}, {port: 81}]');
  expect(runAnalyzer(analyzer, yaml)).toHaveLength(1);
  expect(runAnalyzer(analyzer, yaml, { preset: 'recommended' })).toHaveLength(2);
});
