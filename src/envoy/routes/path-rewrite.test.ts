import { expect, it } from 'vitest';
import type { PathRewrite } from '../../ir/route.ts';
import type { PathMatcher } from '../../ir/route-match.ts';
import { CompiledRoute } from '../../proxy/core/compiled-route.ts';
import { Regex } from '../../proxy/core/regex.ts';
import { forward, record, route } from '../../proxy/core/testing.ts';
import { pathRewrite } from './path-rewrite.ts';

const prefix: PathMatcher = { kind: 'prefix', value: '/a.b' };
const segments: PathMatcher = { kind: 'segments', value: '/a.b' };
const regex = (pattern: string, substitution: string): object => ({ regex_rewrite: { pattern: { regex: pattern }, substitution } });

it.each<[string, PathRewrite, PathMatcher | undefined, object]>([
  ['RT-R10', { kind: 'prefix', value: '/n' }, prefix, { prefix_rewrite: '/n' }],
  ['RT-R11', { kind: 'prefix', value: '/n' }, undefined, { prefix_rewrite: '/n' }],
  ['RT-R11', { kind: 'whole', value: '/n' }, { kind: 'exact', value: '/a' }, { prefix_rewrite: '/n' }],
  ['RT-R11', { kind: 'whole', value: '/n' }, { kind: 'regex', value: '/a.*' }, { prefix_rewrite: '/n' }],
  ['RT-R11', { kind: 'whole', value: '/n\\1' }, prefix, regex('^.*', '/n\\\\1')],
  ['RT-R12', { kind: 'regex', pattern: '^/a/(.*)', substitution: '/\\1' }, prefix, regex('^/a/(.*)', '/\\1')],
  ['RT-R12', { kind: 'regex', pattern: '', substitution: '-' }, prefix, regex('(?:)', '-')],
  ['SEL-R83', { kind: 'prefix', value: '/n' }, segments, { prefix_rewrite: '/n' }],
  ['SEL-R83', { kind: 'prefix', value: '/n/' }, segments, regex('^/a\\.b(/?)(.*)', '/n/\\2')],
  ['SEL-R83', { kind: 'prefix', value: '/' }, segments, regex('^/a\\.b(/?)(.*)', '/\\2')],
  ['SEL-R83', { kind: 'prefix', value: '' }, segments, regex('^/a\\.b(/?)(.*)', '/\\2')],
  ['SEL-R83', { kind: 'prefix', value: '/n' }, { kind: 'segments', value: '/a/' }, regex('^/a/', '/n')],
  ['RT-R10', { kind: 'prefix', value: '' }, prefix, regex('^/a\\.b(/?)(.*)', '/\\2')],
  ['RT-R10', { kind: 'prefix', value: '' }, { ...prefix, ignoreCase: true }, regex('^(?i)/a\\.b(/?)(.*)', '/\\2')],
  ['RT-R11', { kind: 'prefix', value: '' }, { kind: 'exact', value: '/a' }, regex('^.*(/?)(.*)', '/\\2')],
])('%s: %j for %j', (_rule, rewrite, path, expected) => expect(pathRewrite(rewrite, path)).toEqual(expected));

interface RegexRewrite {
  regex_rewrite: { pattern: { regex: string }; substitution: string };
}

/** What Envoy makes of a path by a `regex_rewrite`. */
function byRegex(rewrite: object, path: string): string {
  const { pattern, substitution } = (rewrite as RegexRewrite).regex_rewrite;
  return new Regex(pattern.regex).replaceAll(path, substitution);
}

it.each<[PathRewrite, PathMatcher | undefined, string[]]>([
  [{ kind: 'prefix', value: '/' }, segments, ['/a.b', '/a.b/', '/a.b/c', '/a.b//c', '/a.b/c/d']],
  [{ kind: 'prefix', value: '/n/' }, segments, ['/a.b', '/a.b/', '/a.b/c', '/a.b//c']],
  [{ kind: 'prefix', value: '//' }, segments, ['/a.b', '/a.b/c']],
  [{ kind: 'prefix', value: '' }, segments, ['/a.b', '/a.b/', '/a.b/c']],
  [{ kind: 'prefix', value: '/\\1' }, { kind: 'segments', value: '/a/' }, ['/a/', '/a//b']],
  [{ kind: 'whole', value: '/all\\0' }, prefix, ['/a.b', '/a.b/c/d']],
])('the expression for %j of %j does what the embedded sidecar does', (rewrite, path, targets) => {
  const compiled = new CompiledRoute(
    route(forward({ rewrite }), { match: { path, headers: [], query: [] } }),
    { name: '', includeAttemptCount: false },
    0,
    {},
    [],
  );
  const generated = pathRewrite(rewrite, path);
  const { pathEnd } = record(targets[0]);
  expect(pathEnd).toBe(targets[0]?.length);
  expect(targets.map((target) => byRegex(generated, target))).toEqual(targets.map((target) => compiled.rewrite?.(target, target.length)));
});
