import { expect, it } from 'vitest';
import { findingsOf, runAnalyzer } from '../src/analysis/testing.ts';
import { formatPath } from '../src/manifest/problem.ts';
import analyzer from './dropped-policy.ts';

const rule = (spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: cart, namespace: shop}\nspec: {host: cart, ${spec}}\n`;
const port = (number: number, settings: string): string => `{port: {number: ${number}}, ${settings}}`;
const said = (spec: string): string[] =>
  findingsOf(analyzer, rule(spec), { preset: 'recommended' }).map(({ path, text }) => `${formatPath(path ?? []).replace('spec.', '')} ${text}`);

const tls = 'tls: {mode: DISABLE}';
const pool = 'connectionPool: {tcp: {maxConnections: 1, connectTimeout: 1s}, http: {maxRetries: 1}}';
const detection = 'outlierDetection: {interval: 1s}';
const entry = 'trafficPolicy.portLevelSettings[0]';

it.each([
  [
    'a port that says less',
    `trafficPolicy: {${pool}, ${detection}, portLevelSettings: [${port(80, tls)}]}`,
    [`${entry} connectionPool and outlierDetection of this rule do not apply to port 80`],
  ],
  ['a port that says as much', `trafficPolicy: {${tls}, portLevelSettings: [${port(80, `${tls}, ${pool}`)}]}`, []],
  [
    'what no port can say',
    `trafficPolicy: {retryBudget: {percent: 10}, portLevelSettings: [${port(80, tls)}]}`,
    [`${entry} retryBudget of this rule does not apply to port 80`],
  ],
  ['the default algorithm', `trafficPolicy: {loadBalancer: {simple: LEAST_REQUEST}, portLevelSettings: [${port(80, tls)}]}`, []],
  [
    'another algorithm',
    `trafficPolicy: {loadBalancer: {simple: RANDOM}, portLevelSettings: [${port(80, tls)}]}`,
    [`${entry} loadBalancer of this rule does not apply to port 80`],
  ],
  ['a second entry for the port', `trafficPolicy: {${pool}, portLevelSettings: [null, ${port(80, pool)}, ${port(80, tls)}]}`, []],
  ['a subset that says something else', `trafficPolicy: {${pool}}, subsets: [null, {name: v1, trafficPolicy: {${tls}}}]`, []],
  [
    'a subset that says less of it',
    `trafficPolicy: {${pool}}, subsets: [{name: v1, trafficPolicy: {connectionPool: {tcp: {maxConnections: 5}}}}]`,
    [
      "subsets[0].trafficPolicy.connectionPool subset v1 takes over nothing of the host's connectionPool: tcp.connectTimeout, http.maxRetries do not apply to it",
    ],
  ],
  [
    'a subset that says all of it',
    `trafficPolicy: {${detection}}, subsets: [{name: v1, trafficPolicy: {outlierDetection: {interval: 2s, consecutive5xxErrors: 1}}}]`,
    [],
  ],
  [
    'a subset that says none of it',
    `trafficPolicy: {${detection}}, subsets: [{name: v1, trafficPolicy: {outlierDetection: {}}}]`,
    ['subsets[0].trafficPolicy.outlierDetection subset v1 takes over nothing'],
  ],
  [
    'a subset with another algorithm',
    'trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}}]',
    [],
  ],
  [
    'a subset with another algorithm and no localities',
    'trafficPolicy: {loadBalancer: {simple: RANDOM, localityLbSetting: {enabled: false}}}, subsets: [{name: v1, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}]',
    ["subsets[0].trafficPolicy.loadBalancer subset v1 takes over nothing of the host's loadBalancer: localityLbSetting.enabled does not apply to it"],
  ],
  [
    'a port of a subset',
    `trafficPolicy: {${tls}, ${detection}}, subsets: [{name: v1, trafficPolicy: {${pool}, portLevelSettings: [${port(80, tls)}]}}]`,
    ['subsets[0].trafficPolicy.portLevelSettings[0] connectionPool and outlierDetection of this rule do not apply to port 80 of subset v1'],
  ],
  [
    'a port of a subset and of the host',
    `trafficPolicy: {${pool}, portLevelSettings: [${port(80, `${pool}, ${detection}`)}]}, subsets: [{name: v1, trafficPolicy: {portLevelSettings: [${port(80, pool)}]}}]`,
    ['subsets[0].trafficPolicy.portLevelSettings[0] outlierDetection of this rule does not apply to port 80 of subset v1'],
  ],
  [
    'what no port can say, of a subset',
    `trafficPolicy: {proxyProtocol: {}}, subsets: [{name: v1, trafficPolicy: {tunnel: {}, portLevelSettings: [${port(80, tls)}]}}]`,
    ['subsets[0].trafficPolicy.portLevelSettings[0] tunnel of this rule does not apply to port 80 of subset v1'],
  ],
])('%s', (_, spec, expected) => {
  expect(said(spec).map((text, i) => text.slice(0, expected[i]?.length))).toEqual(expected);
});

it('points at what does not apply', () => {
  const [finding] = findingsOf(analyzer, rule(`trafficPolicy: {${pool}, portLevelSettings: [${port(80, tls)}]}`), { preset: 'recommended' });
  expect(finding?.related.map(({ path }) => formatPath(path ?? []))).toEqual(['spec.trafficPolicy.connectionPool']);
  expect(runAnalyzer(analyzer, rule(''), { preset: 'recommended' })).toEqual([]);
});
