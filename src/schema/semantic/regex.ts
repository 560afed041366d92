import type { Path } from '../../manifest/problem.ts';
import { compileRe2, re2SyntaxError } from '../../manifest/re2.ts';
import type { ProblemSink } from './validator.ts';

/** Envoy limits the size of a compiled program, which is never smaller than the text. */
const maxBytes = 1024;
const syntaxLink = 'https://github.com/google/re2/wiki/Syntax';

/** What is wrong with a regular expression, with the part that is wrong: ``missing closing ]: `[0-9+` ``. */
export function regexProblem(pattern: string): string | undefined {
  try {
    compileRe2(pattern);
    return undefined;
  } catch (error) {
    const syntax = re2SyntaxError(error);
    if (!syntax) return (error as Error).message;
    // The reference takes two groups of one name.
    if (syntax.description.startsWith('duplicate capture group')) return undefined;
    return `${syntax.description}: \`${syntax.part}\``;
  }
}

/** @param where the name of the field as reports say it: `uri`, `corsPolicy.allowOrigins` */
export function checkRegex(sink: ProblemSink, path: Path, pattern: string, where: string): void {
  if (new TextEncoder().encode(pattern).length > maxBytes) {
    sink.error(path, `the regular expression of "${where}" is too long; it may have ${maxBytes} bytes`);
    return;
  }
  const problem = regexProblem(pattern);
  if (problem) sink.error(path, `the regular expression of "${where}" does not follow the syntax of RE2: ${problem} (see ${syntaxLink})`);
}
