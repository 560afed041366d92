import { RE2JS } from 're2js';

/** An RE2 expression: linear time, no look-around, no back-references (MAT-R30). */
export class Regex {
  readonly expression: string;
  readonly #compiled: RE2JS;

  constructor(expression: string) {
    this.expression = expression;
    this.#compiled = RE2JS.compile(expression);
  }

  /** The whole text (MAT-R8). */
  matches(text: string): boolean {
    return this.#compiled.matches(text);
  }

  /**
   * Every match replaced (RT-R12). An empty match right behind the one before is none.
   *
   * @param substitution `\1` … `\9` are groups, `\0` the whole match, `\\` a backslash. As in Envoy nothing is replaced where it names
   * a group that there is not, and it ends at a backslash before anything else.
   */
  replaceAll(text: string, substitution: string): string {
    const matcher = this.#compiled.matcher(text);
    if (substitution.includes('\\') && greatestGroup(substitution) > matcher.groupCount()) return text;
    let out = '';
    let copied = 0;
    let lastEnd = -1;
    while (matcher.find()) {
      const start = matcher.start();
      const end = matcher.end();
      if (start === end && start === lastEnd) continue;
      out += text.slice(copied, start) + expand(substitution, (group) => matcher.group(group) ?? '');
      copied = end;
      lastEnd = end;
    }
    return copied === 0 && lastEnd < 0 ? text : out + text.slice(copied);
  }
}

function greatestGroup(substitution: string): number {
  let greatest = 0;
  for (const [, group] of substitution.matchAll(/\\(?:([0-9])|.)/gs)) greatest = Math.max(greatest, Number(group ?? 0));
  return greatest;
}

function expand(substitution: string, group: (index: number) => string): string {
  let out = '';
  for (let i = 0; i < substitution.length; i++) {
    const c = substitution[i] as string;
    if (c !== '\\') {
      out += c;
      continue;
    }
    const next = substitution[++i] ?? '';
    if (next >= '0' && next <= '9') out += group(Number(next));
    else if (next === '\\') out += next;
    else return out;
  }
  return out;
}

const compiled = new Map<string, Regex | undefined>();

/** Compiled once for each expression; undefined for one that is no RE2 expression: it matches nothing. */
export function compileRegex(expression: string): Regex | undefined {
  if (compiled.has(expression)) return compiled.get(expression);
  let regex: Regex | undefined;
  try {
    regex = new Regex(expression);
  } catch {
    regex = undefined;
  }
  compiled.set(expression, regex);
  return regex;
}

/** For the matchers of `src/ir`. */
export function matchesRegex(expression: string, text: string): boolean {
  return compileRegex(expression)?.matches(text) ?? false;
}
