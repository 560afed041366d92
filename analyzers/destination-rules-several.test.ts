import { describe, expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import { formatPath } from '../src/manifest/problem.ts';
import analyzer from './destination-rules-several.ts';

const rule = (fullName: string, spec: string, metadata = ''): string => {
  const [namespace, name] = fullName.split('/');
  return `---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: ${name}, namespace: ${namespace}${metadata}}\nspec: {${spec}}\n`;
};
const made = (day: number): string => `, creationTimestamp: "2025-01-0${day}T00:00:00Z"`;
const cart = 'host: cart';
const whole = 'host: cart.shop.svc.cluster.local';
const tls = 'trafficPolicy: {tls: {mode: DISABLE}}';
const pool = 'trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}';
const subset = (name: string, version = name): string => `subsets: [{name: ${name}, labels: {version: ${version}}}]`;
const found = (...rules: string[]) => findingsOf(analyzer, rules.join(''), { preset: 'recommended' });
const places = (...rules: string[]): string[] => found(...rules).map(({ resource, path }) => `${resource.fullName} ${formatPath(path ?? [])}`);

describe('in one namespace', () => {
  it.each([
    ['two policies', [rule('shop/a', `${cart}, ${tls}`), rule('shop/b', `${whole}, ${pool}`)], ['shop/b spec.trafficPolicy']],
    ['one policy twice', [rule('shop/a', `${cart}, ${tls}`), rule('shop/b', `${cart}, ${tls}`)], []],
    ['one policy', [rule('shop/a', `${cart}, ${tls}`), rule('shop/b', `${cart}, ${subset('v1')}`)], []],
    ['two of a subset', [rule('shop/a', `${cart}, ${subset('v1')}`), rule('shop/b', `${cart}, ${subset('v1', 'one')}`)], ['shop/b spec.subsets[0].name']],
    ['two subsets', [rule('shop/a', `${cart}, ${subset('v1')}`), rule('shop/b', `${cart}, ${subset('v2')}`)], []],
    ['two hosts', [rule('shop/a', `${cart}, ${tls}`), rule('shop/b', `host: pay, ${pool}`)], []],
    ['two namespaces of a short name', [rule('shop/a', `${cart}, ${tls}`), rule('front/b', `${cart}, ${pool}`)], []],
    ['workloads', [rule('shop/a', `${cart}, ${tls}, workloadSelector: {matchLabels: {a: b}}`), rule('shop/b', `${cart}, ${pool}`)], []],
    [
      'the same workloads',
      ['a', 'b'].map((name) => rule(`shop/${name}`, `${cart}, ${name === 'a' ? tls : pool}, workloadSelector: {matchLabels: {a: b}}`)),
      ['shop/b spec.trafficPolicy'],
    ],
    ['two exportTo', [rule('shop/a', `${cart}, ${tls}, exportTo: ["."]`), rule('shop/b', `${cart}, ${pool}, exportTo: ["*"]`)], ['shop/a spec.exportTo']],
    ['everyone, in two ways', [rule('shop/a', `${cart}, ${tls}`), rule('shop/b', `${cart}, ${subset('v1')}, exportTo: ["*"]`)], ['shop/a spec.host']],
    ['two exportTo, one in the other', [rule('shop/a', `${cart}, ${tls}, exportTo: [x]`), rule('shop/b', `${cart}, ${pool}, exportTo: [x, z]`)], []],
    ['two exportTo that nobody sees both of', [rule('shop/a', `${cart}, ${tls}, exportTo: [x]`), rule('shop/b', `${cart}, ${pool}, exportTo: [z]`)], []],
  ])('%s', (_, rules, expected) => {
    expect(places(...rules)).toEqual(expected);
    expect(places(...rules.toReversed())).toEqual(expected);
  });

  it.each([
    ['a wildcard', [rule('shop/all', `host: "*.shop.svc.cluster.local", ${pool}`), rule('shop/cart', `${cart}, ${tls}`)], ['shop/cart spec.host']],
    ['a wildcard of which nothing is lost', [rule('shop/all', `host: "*.shop.svc.cluster.local", ${pool}`), rule('shop/cart', `${cart}, ${pool}`)], []],
    ['two wildcards', [rule('shop/all', `host: "*.local", ${pool}`), rule('shop/shop', `host: "*.shop.svc.cluster.local", ${tls}`)], ['shop/shop spec.host']],
    [
      'the nearest of two wildcards',
      [rule('shop/all', `host: "*.local", ${pool}`), rule('shop/shop', `host: "*.shop.svc.cluster.local", ${tls}`), rule('shop/cart', `${cart}, ${tls}`)],
      ['shop/shop spec.host'],
    ],
    ['a wildcard of another namespace', [rule('pay/all', `host: "*.local", ${pool}`), rule('shop/cart', `${cart}, ${pool}`)], []],
    ['a wildcard for others only', [rule('shop/all', `host: "*.local", ${pool}, exportTo: [pay]`), rule('shop/cart', `${cart}, ${tls}`)], []],
  ])('%s', (_, rules, expected) => {
    expect(places(...rules)).toEqual(expected);
    expect(found(...rules).filter((f) => f.level !== 'Info')).toEqual([]);
  });

  it('says which one is older, or that nobody knows', () => {
    const text = (a: string, b: string): string | undefined => found(rule('shop/a', `${cart}, ${tls}`, a), rule('shop/b', `${cart}, ${pool}`, b))[0]?.text;
    expect(text('', '')).toMatch(/^only one trafficPolicy .* rule created first: destination rule shop\/a/);
    expect(text(made(2), made(1))).toMatch(/is not used from here: destination rule shop\/b, which is older/);
    expect(found(rule('shop/a', `${cart}, ${tls}`), rule('shop/b', `${cart}, ${pool}`))[0]?.effect).toBe(
      'where shop/a is first, connectionPool as written here applies to no request',
    );
  });
});

describe('in the namespace of clients', () => {
  const own = rule('shop/cart', `${cart}, ${pool}, ${subset('v1')}`);
  it.each([
    ['less', [own, rule('front/cart', `${whole}, ${tls}`)], ['front/cart spec.host']],
    ['as much', [own, rule('front/cart', `${whole}, ${pool}, ${subset('v1')}`)], []],
    ['a wildcard', [own, rule('front/all', `host: "*.local", ${tls}`)], ['front/all spec.host']],
    ['a wildcard for others', [own, rule('front/all', `host: "*.pay.svc.cluster.local", ${tls}`)], []],
    ['a wildcard, and all of it', [own, rule('front/all', `host: "*.local", ${pool}`), rule('front/cart', `${whole}, ${pool}, ${subset('v1')}`)], []],
    ['in the root namespace', [own, rule('istio-system/cart', `${whole}, ${tls}`)], []],
    ['what clients never see', [rule('shop/cart', `${cart}, ${pool}, exportTo: ["."]`), rule('front/cart', `${whole}, ${tls}`)], []],
    ['what is not for their namespace', [own, rule('front/cart', `${whole}, ${tls}, exportTo: [other]`)], []],
    ['rules of two clients', [rule('front/cart', `${whole}, ${tls}`), rule('back/cart', `${whole}, ${pool}`)], []],
  ])('%s', (_, rules, expected) => expect(places(...rules)).toEqual(expected));

  it('knows the namespace of a service entry', () => {
    const entry = (name: string): string =>
      `---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: ${name}, namespace: ${name}}\nspec: {hosts: [api.example]}\n`;
    const rules = [rule('shop/api', `host: api.example, ${pool}`), rule('front/api', `host: api.example, ${tls}`)];
    expect(places(...rules, entry('shop'))).toEqual(['front/api spec.host']);
    expect(places(...rules, entry('shop'), entry('front'))).toEqual([]);
    expect(places(...rules)).toEqual([]);
  });

  it('says what is lost', () => {
    const [finding] = found(own, rule('front/cart', `${whole}, ${tls}`));
    expect(finding?.text).toBe(
      'clients in namespace front use this rule and nothing of shop/cart, in the namespace of the service: subset v1, connectionPool are lost to them',
    );
    expect(finding?.effect).toMatch(/subset v1 get 503/);
  });
});
