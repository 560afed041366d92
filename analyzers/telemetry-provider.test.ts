import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import lightstep from './telemetry-lightstep.ts';
import analyzer from './telemetry-provider.ts';

const telemetry = (spec: string): string => `apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: t, namespace: shop}\nspec: {${spec}}\n`;

it.each([
  ['accessLogging: [{}]', 1],
  ['accessLogging: [{}, {}]', 1],
  ['accessLogging: [null]', 1],
  ['accessLogging: [{disabled: false}]', 1],
  ['accessLogging: [{disabled: true}]', 0],
  ['accessLogging: [{providers: [{name: envoy}]}]', 0],
  ['accessLogging: [{providers: []}]', 1],
  ['accessLogging: []', 0],
  ['tracing: [{}]', 0],
])('%s', (spec, count) => {
  expect(runAnalyzer(analyzer, telemetry(spec)).map(({ code }) => code)).toEqual(Array(count).fill('IST0157'));
});

it('is content with a default provider for access logs', () => {
  const yaml = telemetry('accessLogging: [{}]');
  expect(runAnalyzer(analyzer, yaml, { meshConfig: { defaultProviders: { accessLogging: ['envoy'] } } })).toEqual([]);
  expect(runAnalyzer(analyzer, yaml, { meshConfig: { defaultProviders: { tracing: ['zipkin'] } } })).toHaveLength(1);
});

it.each([
  ['tracing: [{providers: [{name: light}]}]', 1],
  ['tracing: [{providers: [{name: light}]}, {providers: [null, {name: light}]}, null]', 1],
  ['tracing: [{providers: [{name: zip}]}]', 0],
  ['accessLogging: [{providers: [{name: light}]}]', 0],
])('Lightstep: %s', (spec, count) => {
  const extensionProviders = [
    { name: 'light', lightstep: { service: 'a', port: 1 } },
    { name: 'zip', zipkin: { service: 'a', port: 1 } },
  ];
  expect(runAnalyzer(lightstep, telemetry(spec), { meshConfig: { extensionProviders } }).map(({ code }) => code)).toEqual(Array(count).fill('IST0002'));
});
