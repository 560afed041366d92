import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizePath, pathEndOf } from './path.ts';

describe('MAT-R10: base normalization', () => {
  it.each([
    ['/a/../b', '/b'],
    ['/../x', '/x'],
    ['/a/b/..', '/a/'],
    ['/a/b/../../admin', '/admin'],
    ['/./admin', '/admin'],
    ['/admin/.', '/admin/'],
    ['/admin/..', '/'],
    ['/a//../x', '/a/x'],
    ['/admin/%2e%2e/x', '/x'],
    ['/a/%2E/admin', '/a/admin'],
    ['/%61dmin', '/admin'],
    ['/%65', '/e'],
    ['/%41', '/A'],
    ['/%7e', '/~'],
    ['/%2d%5f', '/-_'],
    ['/\\admin', '//admin'],
    ['/a\\..\\b', '/b'],
    ['//admin', '//admin'],
    ['/admin//x', '/admin//x'],
    ['/admin%2Fx', '/admin%2Fx'],
    ['/%2fadmin', '/%2fadmin'],
    ['/admin%5Cx', '/admin%5Cx'],
    ['/x?p=/../admin', '/x?p=/../admin'],
    ['/x?p=%61', '/x?p=%61'],
    ['/ADMIN', '/ADMIN'],
    ['/admin;v=1', '/admin;v=1'],
    ['/.hidden', '/.hidden'],
    ['/...', '/...'],
    ['/a..b', '/a..b'],
    ['/..a', '/..a'],
    ['/a b"<>`{}^|', '/a%20b%22%3C%3E%60%7B%7D%5E%7C'],
    ["/!$&'()*+,:;=@[]", "/!$&'()*+,:;=@[]"],
  ])('%s → %s', (from, to) => expect(normalizePath(from, 'base')).toBe(to));

  // As servers read them that take parameters off each segment first.
  it.each([
    ['/x/..;/admin', '/admin'],
    ['/x/..;p=1/admin', '/admin'],
    ['/x/%2e%2e;/admin', '/admin'],
    ['/x/.%2E;a;b/admin', '/admin'],
    ['/x/.;/admin', '/x/admin'],
    ['/x/%2e;a/b', '/x/b'],
    ['/x/..;', '/'],
    ['/x/.;', '/x/'],
    ['/x/..;?q', '/?q'],
    ['/x/..;%2f/a', '/a'],
    ['/x/..;a\\b', '/b'],
    ['/..;/..;/a', '/a'],
    ['/x;y/..;z/a', '/a'],
    ['/x/...;/a', '/x/...;/a'],
    ['/x/a;../b', '/x/a;../b'],
    ['/x/..%3b/a', '/x/..%3b/a'],
  ])('with parameters, %s → %s', (from, to) => expect(normalizePath(from, 'base')).toBe(to));
});

it.each([
  ['/frag?q=1#x', '/frag?q=1'],
  ['/frag#x?y', '/frag'],
  ['/#', '/'],
])('MAT-R11: a fragment is cut off: %s', (from, to) => {
  expect(normalizePath(from, 'base')).toBe(to);
  expect(normalizePath(from, 'none')).toBe(to);
});

describe('MAT-R10: nothing that is decoded makes another escape', () => {
  it.each([
    ['/%%365xact', '/%2565xact'],
    ['/%%36%35xact', '/%2565xact'],
    ['/%2%66admin', '/%252fadmin'],
    ['/%%32fadmin', '/%252fadmin'],
    ['/%2%41', '/%252A'],
    ['/%%41', '/%A'],
    ['/%%41%7a', '/%Az'],
    ['/%/../%%365', '/%2565'],
    ['/%%7e', '/%~'],
    ['/%25%36%35', '/%2565'],
    ['/%%%365', '/%%2565'],
  ])('%s → %s', (from, to) => {
    expect(normalizePath(from, 'base')).toBe(to);
    expect(normalizePath(from, 'decode-and-merge-slashes')).toBe(to);
  });
});

describe('MAT-R12', () => {
  it.each(['/%00', '/a%00b?x', '/é', '/a/\x00'])('no normal form: %j', (path) => expect(normalizePath(path, 'base')).toBeUndefined());
  it.each(['/%2', '/%', '/%zz', '/admin/%'])('what is no escape stays: %s', (path) => expect(normalizePath(path, 'base')).toBe(path));
});

describe('MAT-R13: the other modes', () => {
  it.each([
    ['/a/../b', '/a/../b', '/b', '/b'],
    ['//admin//x', '//admin//x', '/admin/x', '/admin/x'],
    ['/\\admin', '/\\admin', '/admin', '/admin'],
    ['/admin%2Fx', '/admin%2Fx', '/admin%2Fx', '/admin/x'],
    ['/admin%5cx', '/admin%5cx', '/admin%5cx', '/admin/x'],
    ['/%61dmin', '/%61dmin', '/admin', '/admin'],
    ['/a%2F..%2Fb', '/a%2F..%2Fb', '/a%2F..%2Fb', '/b'],
    ['/x//?a=//b', '/x//?a=//b', '/x/?a=//b', '/x/?a=//b'],
    ['/%00', '/%00', undefined, undefined],
  ])('%s', (from, none, merged, decoded) => {
    expect(normalizePath(from, 'none')).toBe(none);
    expect(normalizePath(from, 'merge-slashes')).toBe(merged);
    expect(normalizePath(from, 'decode-and-merge-slashes')).toBe(decoded);
  });
});

it('MAT-R10: what is normal is left as it is, and a normal path has no dot segments', () => {
  const piece = fc.constantFrom('/', '.', '..', 'a', 'B', '%2e', '%2F', '%41', '%', '%36', '2', '%66', '%25', '\\', '-', '?', 'x=1', '~', '//', ' ', ';');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const target = `/${pieces.join('')}`;
      const normal = normalizePath(target, 'base') as string;
      const path = normal.slice(0, pathEndOf(normal));
      expect(path.split('/').some((segment) => /^\.\.?(?:;|$)/.test(segment))).toBe(false);
      // What the next one decodes is nothing that could have been decoded here.
      expect([...path.matchAll(/%([\da-f]{2})/gi)].filter(([, hex = '']) => /[\w.~-]/.test(String.fromCharCode(Number.parseInt(hex, 16))))).toEqual([]);
      expect(path.startsWith('/')).toBe(true);
      expect(normal.slice(pathEndOf(normal))).toBe(target.slice(pathEndOf(target)));
      if (!path.includes('%')) expect(normalizePath(normal, 'base')).toBe(normal);
    }),
    { numRuns: 1000 },
  );
});
