import { RE2JS } from 're2js';

const compiled = new Map<string, RE2JS | undefined>();

/** Full match of an RE2 expression, as Envoy does it (MAT-R8). An expression that does not compile matches nothing. */
export function matchesRegex(expression: string, text: string): boolean {
  let found = compiled.get(expression);
  if (found === undefined && !compiled.has(expression)) {
    try {
      found = RE2JS.compile(expression);
    } catch {
      found = undefined;
    }
    compiled.set(expression, found);
  }
  return found?.matches(text) ?? false;
}
