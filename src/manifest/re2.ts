import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';

// Regular expressions are RE2's, the syntax that Envoy and Istio share: linear time, no look-around, no back-references.
// The library is large and most meshes have no regular expression, so it is loaded at the first one.

let library: typeof import('re2js') | undefined;

function load(): typeof import('re2js') {
  library ??= createRequire(import.meta.url)('re2js') as typeof import('re2js');
  return library;
}

/** @throws the error that `re2SyntaxError` tells apart */
export function compileRe2(expression: string): RE2JS {
  return load().RE2JS.compile(expression);
}

/** Description and faulty part of a syntax error; undefined for any other error. */
export function re2SyntaxError(error: unknown): { description: string; part: string } | undefined {
  if (!(error instanceof load().RE2JSSyntaxException)) return undefined;
  return { description: error.getDescription(), part: error.getPattern() ?? '' };
}

const compiled = new Map<string, RE2JS | undefined>();

/** Full match, as Envoy does it (MAT-R8). An expression that does not compile matches nothing. */
export function matchesRegex(expression: string, text: string): boolean {
  let found = compiled.get(expression);
  if (found === undefined && !compiled.has(expression)) {
    try {
      found = compileRe2(expression);
    } catch {
      found = undefined;
    }
    compiled.set(expression, found);
  }
  return found?.matches(text) ?? false;
}
