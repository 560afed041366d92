// Regular expressions are RE2's: the syntax that Envoy and Istio share. Linear time, so no look-around and no back-references.
import { RE2JS, RE2JSSyntaxException } from 're2js';
import type { Path } from '../../manifest/problem.ts';
import type { ProblemSink } from './validator.ts';

/** Envoy limits the size of a compiled program, which is never smaller than the text. */
const maxBytes = 1024;
const syntaxLink = 'https://github.com/google/re2/wiki/Syntax';

/** What is wrong with a regular expression, with the part that is wrong: ``missing closing ]: `[0-9+` ``. */
export function regexProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) return (error as Error).message;
    // The reference takes two groups of one name.
    if (error.getDescription().startsWith('duplicate capture group')) return undefined;
    return `${error.getDescription()}: \`${error.getPattern() ?? ''}\``;
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
