import { expect, test } from 'vitest';
import type { DestinationRule } from '../../manifest/istio/networking.gen.ts';
import { checkOutlierDetection } from './outlier-detection.ts';
import { placeOf, problemsOf } from './testing.ts';
import type { Validator } from './validator.ts';

const validate: Validator<DestinationRule> = ({ trafficPolicy }, sink) => checkOutlierDetection(sink, [], trafficPolicy?.outlierDetection);

test.each<[string, string, string[]]>([
  ['0 to 100 percent', '{maxEjectionPercent: 100, minHealthPercent: 0}', []],
  ['beyond', '{maxEjectionPercent: 101, minHealthPercent: -1}', ['IST0106 spec.maxEjectionPercent', 'IST0106 spec.minHealthPercent']],
  ['local failures apart', '{consecutiveLocalOriginFailures: 3}', ['IST0106 spec.consecutiveLocalOriginFailures']],
  ['local failures apart', '{consecutiveLocalOriginFailures: 3, splitExternalLocalOriginErrors: true}', []],
  ['no local failures', '{consecutiveLocalOriginFailures: 0}', []],
  ['durations', '{baseEjectionTime: 1500us, interval: 1ms}', ['IST0106 spec.baseEjectionTime']],
])('%s', (_, outlier, places) => {
  const problems = problemsOf(validate, 'DestinationRule', `trafficPolicy: {outlierDetection: ${outlier}}`);
  expect(problems.map(placeOf)).toEqual(places);
});
