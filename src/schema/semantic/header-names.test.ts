import { expect, test } from 'vitest';
import { checkChangedHeaderName, checkCorsHeaderName, checkMatchedHeaderName, checkRequestHeaderName, isJwtClaim } from './header-names.ts';
import { ProblemSink } from './validator.ts';

const checks = { match: checkMatchedHeaderName, request: checkRequestHeaderName, changed: checkChangedHeaderName, cors: checkCorsHeaderName };

test.each([
  ['x-user', ''],
  ['x_user!', ''],
  ['', 'match request changed cors'],
  ['x user', 'match cors'],
  ['x:user', 'match cors'],
  [':path', 'request changed cors'],
  [':unknown', 'match request changed cors'],
  [':authority', 'changed cors'],
  ['Host', 'changed'],
  ['*', ''],
  ['@request.auth.claims.group', 'cors'],
  ['@request.auth.claims', 'match cors'],
])('%j is refused in: %s', (name, refused) => {
  const by = Object.entries(checks).filter(([, check]) => {
    const sink = new ProblemSink();
    check(sink, [], name);
    return sink.problems.length > 0;
  });
  expect(by.map(([place]) => place).join(' ')).toBe(refused);
});

test.each([
  ['@request.auth.claims.group', true],
  ['@Request.Auth.Claims[a][b]', true],
  ['@request.auth.claims', false],
  ['@request.auth.claims[a', false],
  ['@request.auth.claimsgroup', false],
  ['@request.auth.claims.', false],
  ['@request.auth.claims[]', false],
  ['x-group', false],
])('%s is a claim: %s', (name, claim) => {
  expect(isJwtClaim(name)).toBe(claim);
});
