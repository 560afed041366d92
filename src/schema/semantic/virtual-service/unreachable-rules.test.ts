import { describe, expect, it } from 'vitest';
import { placeOf, problemsOf } from '../testing.ts';
import { validateVirtualService } from '../virtual-service.ts';

/** @param rules the matches of each rule, a line each */
function problems(rules: string, field = 'http'): string[] {
  const list = rules
    .trim()
    .split('\n')
    .map((rule) => `{${rule.trim()}${rule.trim() === '' ? '' : ', '}route: [{destination: {host: a}}]}`);
  const spec = `{hosts: [a], ${field}: [${list.join(', ')}]}`;
  return problemsOf(validateVirtualService, 'VirtualService', spec).map((p) => placeOf(p).replace('spec.', ''));
}

describe('rules that are never used', () => {
  it.each([
    ['a rule without a match at the end', 'match: [{uri: {exact: /a}}]\nname: b', []],
    ['two of them', 'name: a\nname: b', ['IST0130 http[1]']],
    ['one before others', 'name: a\nmatch: [{uri: {exact: /a}}, {uri: {exact: /b}}]\nname: c', ['IST0130 http[1]', 'IST0130 http[2]']],
    ['equal matches', 'match: [{uri: {exact: /a}, port: 0}]\nmatch: [{port: 0, uri: {exact: /a}}]', ['IST0131 http[1].match[0]', 'IST0130 http[1]']],
    ['names of matches do not count', 'match: [{name: one, port: 1}]\nmatch: [{name: two, port: 1}]', ['IST0131 http[1].match[0]', 'IST0130 http[1]']],
    ['one of two matches', 'match: [{port: 1}]\nmatch: [{port: 1}, {port: 2}]', ['IST0131 http[1].match[0]']],
    ['a repetition in one rule', 'match: [{port: 1}, {port: 1}]', ['IST0131 http[0].match[1]']],
    ['a match with no conditions is a match', 'match: [{}]\nmatch: [{port: 1}]', []],
    ['empty and absent lists are the same', 'match: [{port: 1, gateways: []}]\nmatch: [{port: 1}]', ['IST0131 http[1].match[0]', 'IST0130 http[1]']],
  ])('%s', (_, rules, expected) => {
    expect(problems(rules)).toEqual(expected);
  });

  it('TCP and TLS rules, each list apart', () => {
    expect(problems('match: [{port: 1}]\nmatch: [{port: 1}]', 'tcp')).toEqual(['IST0131 tcp[1].match[0]', 'IST0130 tcp[1]']);
    expect(problems('match: [{sniHosts: [a]}]\nmatch: [{sniHosts: [a]}]', 'tls')).toEqual(['IST0131 tls[1].match[0]', 'IST0130 tls[1]']);
  });
});

describe('prefixes that an earlier match has', () => {
  it.each([
    ['a longer prefix', 'uri: {prefix: /a}', 'uri: {prefix: /a/b}', true],
    ['inside a word', 'uri: {prefix: /a}', 'uri: {prefix: /ab}', true],
    ['a shorter prefix', 'uri: {prefix: /a/b}', 'uri: {prefix: /a}', false],
    ['the same prefix', 'uri: {prefix: /a}', 'uri: {prefix: /a}, ignoreUriCase: true', false],
    ['an exact path', 'uri: {prefix: /a}', 'uri: {exact: /a/b}', false],
    ['another port', 'uri: {prefix: /a}, port: 1', 'uri: {prefix: /a/b}', false],
    ['no method is GET', 'uri: {prefix: /a}', 'uri: {prefix: /a/b}, method: {exact: GET}', true],
    ['another method', 'uri: {prefix: /a}', 'uri: {prefix: /a/b}, method: {exact: POST}', false],
    ['a method that begins with the later one', 'uri: {prefix: /a}, method: {prefix: POST}', 'uri: {prefix: /a/b}, method: {prefix: PO}', true],
    ['a header more', 'uri: {prefix: /a}', 'uri: {prefix: /a/b}, headers: {h: {exact: v1}}', false],
    ['another header', 'uri: {prefix: /a}, headers: {g: {exact: v1}}', 'uri: {prefix: /a/b}, headers: {h: {exact: v1}}', false],
    ['a header of another value', 'uri: {prefix: /a}, headers: {h: {exact: v1}}', 'uri: {prefix: /a/b}, headers: {h: {exact: v2}}', false],
    ['the same header', 'uri: {prefix: /a}, headers: {g: {}, h: {exact: v1}}', 'uri: {prefix: /a/b}, headers: {h: {exact: v1}, g: {}}', true],
    ['regular expressions do not count', 'uri: {prefix: /a}, queryParams: {q: {regex: v1}}', 'uri: {prefix: /a/b}, queryParams: {q: {regex: v2}}', true],
    ['an authority of the earlier match only', 'uri: {prefix: /a}, authority: {exact: a}', 'uri: {prefix: /a/b}', true],
    ['an authority of the later match only', 'uri: {prefix: /a}', 'uri: {prefix: /a/b}, authority: {exact: a}', false],
    ['source labels do not count', 'uri: {prefix: /a}, sourceLabels: {a: b}', 'uri: {prefix: /a/b}', true],
  ])('%s', (_, earlier, later, found) => {
    expect(problems(`match: [{${earlier}}]\nmatch: [{${later}}]`)).toEqual(found ? ['IST0131 http[1].match[0]'] : []);
  });

  it('each pair is told', () => {
    expect(problems('match: [{uri: {prefix: /}}, {uri: {prefix: /a}}]\nmatch: [{uri: {prefix: /a/b}}]')).toEqual([
      'IST0131 http[0].match[1]',
      'IST0131 http[1].match[0]',
      'IST0131 http[1].match[0]',
    ]);
  });

  it('matches after a rule without a match are not compared', () => {
    expect(problems('match: [{uri: {prefix: /a}}]\nname: all\nmatch: [{uri: {prefix: /a/b}}]')).toEqual(['IST0130 http[2]']);
  });
});

it('many prefixes that have nothing in common take little time', () => {
  const rules = Array.from({ length: 4000 }, (_, i) => `match: [{uri: {prefix: /service-${i}/}}]`).join('\n');
  expect(problems(rules)).toEqual([]);
});
