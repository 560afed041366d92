import { describe, expect, it } from 'vitest';
import { validateAuthorizationPolicy } from './authorization-policy.ts';
import { placeOf, problemsOf } from './testing.ts';

const problems = (condition: string) => problemsOf(validateAuthorizationPolicy, 'AuthorizationPolicy', `rules: [{when: [${condition}]}]`);

describe('checkCondition', () => {
  it.each([
    'request.headers[x-user]',
    'request.auth.claims[iss][sub]',
    'experimental.envoy.filters.network.mysql_proxy[db.table]',
    'source.namespace',
    'source.principal',
    'source.serviceAccount',
    'request.auth.principal',
    'connection.sni',
  ])('takes the key %s', (key) => {
    expect(problems(`{key: "${key}", values: [a], notValues: [b]}`)).toEqual([]);
  });

  it.each([
    ['source.ip', '10.0.0.0/8', '10.0.0'],
    ['remote.ip', '::1', 'shop'],
    ['destination.ip', '1.2.3.4', '1.2.3.4/x'],
    ['destination.port', '0', '65536'],
    ['source.serviceAccount', 'shop/cart', 'a/b/c'],
    ['source.principal', 'a', ''],
  ])('%s is compared with values such as %s and not "%s"', (key, good, bad) => {
    expect(problems(`{key: ${key}, values: ["${good}"]}`)).toEqual([]);
    expect(problems(`{key: ${key}, values: ["${good}", "${bad}"]}`).map(placeOf)).toEqual(['IST0106 spec.rules[0].when[0].values[1]']);
    expect(problems(`{key: ${key}, notValues: ["${bad}"]}`).map(placeOf)).toEqual(['IST0106 spec.rules[0].when[0].notValues[0]']);
  });

  it('has one problem for all values of a list', () => {
    const found = problems('{key: source.ip, values: [a, 1.2.3.4, b]}');
    expect(found.map(placeOf)).toEqual(['IST0106 spec.rules[0].when[0].values']);
    expect(found[0]?.text).toContain('2 bad values');
  });

  it.each([
    ['request.cookies', 'unknown attribute'],
    ['request.headers', 'request.headers[name]'],
    ['request.headers[]', 'in brackets'],
    ['destination.namespace', 'metadata.namespace'],
    ['destination.labels[app]', 'workload selector'],
    ['destination.user', 'v1alpha1'],
    ['toString', 'unknown attribute'],
  ])('refuses the key %s for both lists, as one text', (key, words) => {
    const found = problems(`{key: "${key}", values: [a]}`);
    expect(found.map(placeOf)).toEqual(Array(2).fill('IST0106 spec.rules[0].when[0].key'));
    expect(new Set(found.map((p) => p.text)).size).toBe(1);
    expect(new Set(found.map((p) => p.same)).size).toBe(2);
    expect(found[0]?.text).toContain(words);
  });

  it('needs a key and values', () => {
    expect(problems('null').map(placeOf)).toEqual(['IST0106 spec.rules[0].when[0].key']);
    expect(problems('{values: [a]}').map(placeOf)).toEqual(['IST0106 spec.rules[0].when[0].key']);
    expect(problems('{key: request.cookies}').map(placeOf)).toEqual(['IST0106 spec.rules[0].when[0]']);
  });
});
