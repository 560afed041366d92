import { expect, test } from 'vitest';
import { validateProxyConfig } from './proxy-config.ts';
import { placeOf, problemsOf } from './testing.ts';

test.each<[string, string[]]>([
  ['{}', []],
  ['{concurrency: 0, selector: {matchLabels: {app: cart}}}', []],
  ['{concurrency: -1}', ['IST0106 spec.concurrency']],
  ['{selector: {}}', ['IST0133 spec.selector']],
  ['{selector: {matchLabels: {"": bar}}}', ['IST0106 spec.selector.matchLabels[""]']],
])('%s', (spec, places) => {
  expect(problemsOf(validateProxyConfig, 'ProxyConfig', spec).map(placeOf)).toEqual(places);
});
