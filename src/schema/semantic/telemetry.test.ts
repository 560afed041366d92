import { describe, expect, it } from 'vitest';
import { validateTelemetry } from './telemetry.ts';
import { placeOf, problemsOf } from './testing.ts';

const problems = (yaml: string) => problemsOf(validateTelemetry, 'Telemetry', yaml);
const override = (fields: string): string => `metrics: [{overrides: [{${fields}}]}]`;
const tag = (fields: string): string => `tracing: [{customTags: {t: {${fields}}}}]`;

describe('validateTelemetry', () => {
  it.each([
    '{}',
    'tracing: [{providers: [{name: a}], randomSamplingPercentage: 100}]',
    'accessLogging: [{filter: {expression: "response.code >= 400 || basket.total > 1"}}, null]',
    'metrics: [null, {providers: [{name: a}, {name: b}]}]',
    override('match: {metric: REQUEST_COUNT}, tagOverrides: {a: {value: "1"}, b: {operation: REMOVE}}'),
    tag('literal: {value: a}'),
    tag('literal: {}, header: {name: x-a}'),
    tag(''),
  ])('takes %s', (yaml) => {
    expect(problems(yaml)).toEqual([]);
  });

  it.each([
    ['tracing: [{providers: [{name: a}, {}]}]', ['IST0133 spec.tracing[0].providers[1]', 'IST0106 spec.tracing[0].providers[1]']],
    ['tracing: [{}, {}]', ['IST0133 spec.tracing[1]']],
    ['tracing: [{randomSamplingPercentage: 100.5}]', ['IST0106 spec.tracing[0].randomSamplingPercentage']],
    ['tracing: [{randomSamplingPercentage: -1}]', ['IST0106 spec.tracing[0].randomSamplingPercentage']],
    ['tracing: [{customTags: {"": {literal: {value: a}}}}]', ['IST0106 spec.tracing[0].customTags[""]']],
    [tag('literal: {}'), ['IST0106 spec.tracing[0].customTags.t.literal.value']],
    [tag('header: {defaultValue: a}'), ['IST0106 spec.tracing[0].customTags.t.header.name']],
    [tag('environment: {}, literal: {value: a}'), ['IST0106 spec.tracing[0].customTags.t.environment.name']],
    ['metrics: [{providers: [null]}]', ['IST0106 spec.metrics[0].providers[0]']],
    ['accessLogging: [{providers: [{name: ""}]}]', ['IST0106 spec.accessLogging[0].providers[0]']],
    [override('tagOverrides: {a: {operation: UPSERT}}'), ['IST0106 spec.metrics[0].overrides[0].tagOverrides.a']],
    [override('tagOverrides: {a: null}'), ['IST0106 spec.metrics[0].overrides[0].tagOverrides.a']],
    [override('tagOverrides: {a: {operation: REMOVE, value: x}}'), ['IST0106 spec.metrics[0].overrides[0].tagOverrides.a.value']],
    [override('tagOverrides: {"": {value: x}}'), ['IST0133 spec.metrics[0].overrides[0].tagOverrides[""]']],
    [override('match: {customMetric: ""}'), ['IST0106 spec.metrics[0].overrides[0].match.customMetric']],
    ['accessLogging: [{filter: {expression: "response.code >="}}]', ['IST0106 spec.accessLogging[0].filter.expression']],
    ['accessLogging: [{filter: {}}]', ['IST0106 spec.accessLogging[0].filter.expression']],
  ])('checks %s', (yaml, expected) => {
    expect(problems(yaml).map(placeOf)).toEqual(expected);
  });

  it('says where the filter is wrong', () => {
    expect(problems('accessLogging: [{filter: {expression: "a\\n&& b c"}}]')[0]?.text).toContain('<input>:2:6 of "&& b c"');
  });
});
