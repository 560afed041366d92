// Test cases of istio-config-validator to tests.
import type { SourceDocument } from '../../manifest/resource.ts';
import type { SimulatedHttpRequest } from '../../simulate/request.ts';
import type { Reading } from '../format/shape.ts';
import type { ValidatorTest } from '../route-test.ts';
import { type ValidatorCase, validatorFile } from './validator-format.ts';

/** @param key as it is written: `testCases` in any case */
export function readCases(document: SourceDocument, value: Record<string, unknown>, key: string, reading: Reading): ValidatorTest[] {
  const { [key]: testCases, ...others } = value;
  const renamed: Reading = { ...reading, problem: (path, text, help) => reading.problem(path[0] === 'testCases' ? [key, ...path.slice(1)] : path, text, help) };
  const file = validatorFile.read({ testCases, ...others }, [], renamed);
  return (file?.testCases ?? []).flatMap((written, index): ValidatorTest[] => {
    const { description = `test case ${index + 1}`, wantMatch = false, request, route, redirect, rewrite, fault, headers, delegate } = written;
    const path = [key, index];
    if (![route, redirect, rewrite, fault, headers, delegate].some((part) => part !== undefined)) {
      reading.problem(path, 'expects nothing', 'give it a route, redirect, rewrite, fault, headers or delegate');
      return [];
    }
    const expect = Object.fromEntries(Object.entries({ route, redirect, rewrite, fault, headers, delegate }).filter(([, part]) => part !== undefined));
    return [{ format: 'istio-config-validator', name: description, place: { document, path }, requests: requestsOf(request), wantMatch, expect }];
  });
}

/** Every combination. */
function requestsOf({ authority, method, uri, headers = [], scheme = 'http', queryParams = [] }: ValidatorCase['request']): SimulatedHttpRequest[] {
  const query = queryParams.map(([name, value]) => `${name}=${value}`).join('&');
  return uri.flatMap((path) =>
    authority.flatMap((host) =>
      method.map((oneMethod) => ({
        method: oneMethod,
        scheme: scheme === 'https' ? ('https' as const) : ('http' as const),
        authority: host,
        path: query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`,
        headers,
      })),
    ),
  );
}
