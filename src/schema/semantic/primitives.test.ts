import { describe, expect, it } from 'vitest';
import { checkDuration, checkExportTo, checkSelector, fqdnProblem, isCidr, isIp, labelProblems, wildcardDomainProblem } from './primitives.ts';
import { ProblemSink } from './validator.ts';

function problems(check: (sink: ProblemSink) => void): string[] {
  const sink = new ProblemSink();
  check(sink);
  return sink.problems.map((p) => `${p.level} ${(p.path ?? []).slice(1).join('.')}`);
}

const long = 'a'.repeat(63);

describe('domain names', () => {
  it.each([
    ['cart', true, true],
    ['cart.shop.svc.cluster.local.', true, true],
    [`${long}.example`, true, true],
    [`${long}a.example`, false, false],
    ['', false, false],
    ['-a.example', false, false],
    ['a-.example', false, false],
    ['a..example', false, false],
    ['.', false, false],
    ['a_b', false, false],
    ['a.10', false, false],
    ['a.10.', true, true],
    ['10', false, true],
    ['*', false, true],
    ['*.example', false, true],
    ['*-a.example', false, true],
    ['*a.example', false, true],
    ['a*.example', false, false],
    ['a.*.example', false, false],
    [Array(64).fill('abc').join('.'), true, true],
    [`${Array(64).fill('abc').join('.')}d`, false, false],
  ])('%s: a name: %s, a wildcard or name: %s', (domain, name, wildcard) => {
    expect([fqdnProblem(domain) === undefined, wildcardDomainProblem(domain) === undefined]).toEqual([name, wildcard]);
  });
});

describe('addresses', () => {
  it.each([
    ['10.0.0.1', true],
    ['010.0.0.1', false],
    ['10.0.0.256', false],
    ['10.0.0', false],
    ['10.0.0.1.', false],
    ['::', true],
    ['fd00::1', true],
    ['::ffff:10.0.0.1', true],
    ['1:2:3:4:5:6:7:8', true],
    ['1:2:3:4:5:6:7::8', false],
    ['1::2::3', false],
    ['fe80::1%eth0', true],
    ['fe80::1%%1', true],
    ['fe80::1%', false],
    ['[::1]', false],
    ['cart', false],
  ])('%s is an IP: %s', (text, ip) => {
    expect(isIp(text)).toBe(ip);
  });

  it.each([
    ['10.0.0.0/8', true],
    ['10.0.0.0/33', false],
    ['10.0.0.0/08', false],
    ['fd00::/128', true],
    ['fd00::/129', false],
    ['10.0.0.0', false],
  ])('%s is a range: %s', (text, cidr) => {
    expect(isCidr(text)).toBe(cidr);
  });
});

describe('labels', () => {
  it.each([
    ['app', 'cart', 0],
    ['Example.com/app_1.x', '', 0],
    ['app', 'v'.repeat(64), 0],
    ['a'.repeat(64), 'v', 1],
    ['a b', 'c d', 2],
    ['x/y/z', 'v', 1],
    ['/a', 'v', 1],
    ['', 'v', 1],
    ['app', '-v', 1],
  ])('%s=%s has %i problems', (key, value, count) => {
    expect(labelProblems(key, value)).toHaveLength(count);
  });

  it.each([
    [{ app: 'cart' }, []],
    [{}, ['Warning selector']],
    [undefined, ['Warning selector']],
    [{ '': 'a' }, ['Error selector.labels.']],
    [{ app: 'cart-*' }, ['Error selector.labels.app']],
  ])('a selector of %j', (labels, expected) => {
    expect(problems((sink) => checkSelector(sink, ['selector'], { labels: labels as Record<string, string> | undefined, field: 'labels' }))).toEqual(expected);
  });
});

describe('durations', () => {
  it.each([
    [undefined, 0],
    ['1ms', 0],
    ['0.067s', 0],
    ['1h', 0],
    ['0s', 1],
    ['-1s', 1],
    ['999us', 1],
    ['1.0005s', 1],
  ])('%s has %i problems', (duration, count) => {
    expect(problems((sink) => checkDuration(sink, ['timeout'], duration))).toHaveLength(count);
  });
});

describe('exportTo', () => {
  it.each([
    ['. pay', {}, []],
    ['*', {}, []],
    ['* pay', {}, ['exportTo']],
    ['. shop', {}, ['exportTo.1']],
    ['pay pay', {}, ['exportTo.1']],
    ['a_b a_b', {}, ['exportTo.0', 'exportTo.1']],
    ['~', {}, ['exportTo.0']],
    ['~', { allowNone: true }, []],
    ['~ .', { allowNone: true }, ['exportTo']],
    ['.', { ownNamespaceOnly: true }, []],
    ['shop', { ownNamespaceOnly: true }, []],
    ['pay', { ownNamespaceOnly: true }, ['exportTo']],
    ['. pay', { ownNamespaceOnly: true }, ['exportTo']],
  ])('%s with %j', (entries, options, expected) => {
    expect(problems((sink) => checkExportTo(sink, entries.split(' '), 'shop', options))).toEqual(expected.map((path) => `Error ${path}`));
  });
});
