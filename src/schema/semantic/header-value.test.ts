import { expect, test } from 'vitest';
import { headerValueProblem } from './header-value.ts';

test.each([
  '',
  'plain value\twith tab',
  '100%%',
  '%HOSTNAME%',
  'a %REQ(X-Id)% b %%',
  '%START_TIME(%s)%',
  '%DYNAMIC_METADATA(["a", "b"])%',
  '%X( [ "a" , "b" ] ) %',
  '%X("a)%',
  '%X(a\\))%',
])('Envoy reads %j', (value) => {
  expect(headerValueProblem(value)).toBeUndefined();
});

test.each([
  ['100%', 'single %'],
  ['%HOSTNAME', 'does not end'],
  ['%X%%', 'single %'],
  ['%X(a', 'does not end'],
  ['%X()%', 'does not end'],
  ['%X(a)b%', 'where % belongs'],
  // The first character of the arguments is not looked at, so the backslash escapes nothing.
  ['%X(\\))%', 'where % belongs'],
  ['%X([a])%', 'where " belongs'],
  ['%X(["a" "b"])%', 'where , or ] belongs'],
  ['%X(["a"]]%', 'where ) belongs'],
  ['%X(a\\', 'backslash'],
  ['a\nb', 'control character'],
  ['a\u007fb', 'control character'],
])('Envoy does not read %j', (value, problem) => {
  expect(headerValueProblem(value)?.text).toContain(problem);
});
