import { describe, expect, it } from 'vitest';
import { applyRepairs } from '../src/analysis/repair.ts';
import { findingsOf } from '../src/analysis/testing.ts';
import { formatPath } from '../src/manifest/problem.ts';
import analyzer from './outlier-ejection.ts';

const service =
  '---\napiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec:\n  selector: {app: cart}\n  ports: [{port: 80}, {port: 81}]\n';
const deployment = (version: string, replicas: number): string =>
  `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart-${version}, namespace: shop}\nspec:\n  replicas: ${replicas}\n  template: {metadata: {labels: {app: cart, version: ${version}}}}\n`;
const rule = (spec: string): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: cart, namespace: shop}\nspec: {host: cart, ${spec}}\n`;
const subset = (version: string, more = ''): string => `{name: ${version}, labels: {version: ${version}}${more}}`;
const found = (yaml: string) => findingsOf(analyzer, yaml, { preset: 'recommended' });
const said = (yaml: string): string[] => found(yaml).map(({ path, text }) => `${formatPath(path ?? [])}: ${text}`);
const paths = (yaml: string): string[] => found(yaml).map(({ path }) => formatPath(path ?? []));

describe('the share of one endpoint', () => {
  it.each([
    [10, 10, 0],
    [9, 10, 1],
    [3, 33, 1],
    [3, 34, 0],
    [2, 50, 0],
    [2, 49, 1],
    [1, 99, 1],
    [1, 100, 0],
    [25, 3, 1],
    [0, 10, 0],
  ])('of %d, with maxEjectionPercent %d', (replicas, percent, count) => {
    expect(said(rule(`trafficPolicy: {outlierDetection: {maxEjectionPercent: ${percent}}}`) + service + deployment('v1', replicas))).toHaveLength(count);
  });

  it.each(['', 'maxEjectionPercent: 0', 'consecutive5xxErrors: 7'])('with the default percentage: %j', (detection) => {
    expect(said(rule(`trafficPolicy: {outlierDetection: {${detection}}}`) + service + deployment('v1', 9))).toEqual([
      'spec.trafficPolicy.outlierDetection: outlier detection can never eject: 1 of 9 endpoints of cart is 11.1%, over the 10% that maxEjectionPercent is by default',
    ]);
  });

  it('counts the endpoints of subsets apart', () => {
    const detection = 'trafficPolicy: {outlierDetection: {maxEjectionPercent: 34}}';
    const two = service + deployment('v1', 3) + deployment('v2', 2);
    expect(said(rule(`${detection}, subsets: [${subset('v1')}, null, ${subset('v2')}]`) + two)).toEqual([
      'spec.trafficPolicy.outlierDetection.maxEjectionPercent: outlier detection can never eject: 1 of 2 endpoints of subset v2 is 50%, over maxEjectionPercent 34',
    ]);
    expect(
      paths(rule(`${detection}, subsets: [${subset('v1')}, ${subset('v2', ', trafficPolicy: {outlierDetection: {maxEjectionPercent: 50}}')}]`) + two),
    ).toEqual([]);
  });

  it('says nothing of a canary with one endpoint, while others can be ejected', () => {
    expect(
      paths(
        rule(`trafficPolicy: {outlierDetection: {maxEjectionPercent: 34}}, subsets: [${subset('v1')}, ${subset('v2')}]`) +
          service +
          deployment('v1', 3) +
          deployment('v2', 1),
      ),
    ).toEqual([]);
  });

  it('asks the policy that applies to a port', () => {
    const ports = (percent: number): string =>
      rule(
        `trafficPolicy: {outlierDetection: {maxEjectionPercent: ${percent}}, portLevelSettings: [{port: {number: 81}, outlierDetection: {}}, {port: {number: 82}, outlierDetection: {}}]}`,
      );
    expect(paths(ports(100) + service + deployment('v1', 2))).toEqual(['spec.trafficPolicy.portLevelSettings[0].outlierDetection']);
  });

  it.each([
    ['a host that is not there', rule('trafficPolicy: {outlierDetection: {}}')],
    ['every host', rule('trafficPolicy: {outlierDetection: {}}').replace('host: cart', 'host: "*.local"') + service + deployment('v1', 2)],
    ['addresses that clients choose', rule('trafficPolicy: {outlierDetection: {}, loadBalancer: {simple: PASSTHROUGH}}') + service + deployment('v1', 2)],
    ['unknown endpoints', rule('trafficPolicy: {outlierDetection: {}}') + service + deployment('v1', 2).replace('replicas: 2', 'paused: false')],
    ['no detection', rule('trafficPolicy: {tls: {mode: DISABLE}}') + service + deployment('v1', 2)],
  ])('is not known for %s', (_, yaml) => expect(paths(yaml)).toEqual([]));
});

describe('detectors', () => {
  it.each([
    ['consecutive5xxErrors: 0', 1],
    ['consecutive5xxErrors: 0, consecutiveGatewayErrors: 0', 1],
    ['consecutive5xxErrors: 0, consecutiveGatewayErrors: 1', 0],
    ['consecutive5xxErrors: 0, splitExternalLocalOriginErrors: true', 0],
    ['consecutiveGatewayErrors: 0', 0],
    ['interval: 1s', 0],
  ])('%s', (detection, count) => expect(paths(rule(`subsets: [${subset('v1', `, trafficPolicy: {outlierDetection: {${detection}}}`)}]`))).toHaveLength(count));

  it('are not asked for shares when there is none', () => {
    expect(paths(rule('trafficPolicy: {outlierDetection: {consecutive5xxErrors: 0}}') + service + deployment('v1', 2))).toEqual([
      'spec.trafficPolicy.outlierDetection.consecutive5xxErrors',
    ]);
  });
});

it('says and writes how much is enough', () => {
  const yaml = (percent: string): string =>
    rule(`trafficPolicy: {outlierDetection: {${percent}}}, subsets: [${subset('v1')}, ${subset('v2')}]`) + service + deployment('v1', 3) + deployment('v2', 4);
  expect(found(yaml('interval: 1s'))[0]).toMatchObject({ help: 'let maxEjectionPercent be at least 34, or run more endpoints', fix: undefined });
  const [finding] = found(yaml('maxEjectionPercent: 5'));
  const [repaired] = applyRepairs([{ resource: finding?.resource as never, fix: finding?.fix as never }]);
  expect(repaired?.text).toContain('{maxEjectionPercent: 34}');
});
