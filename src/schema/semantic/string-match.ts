import type { StringMatch } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkRegex } from './regex.ts';
import type { ProblemSink } from './validator.ts';

/**
 * A prefix that is not empty, or a regular expression. An exact match may be empty, and a match that says nothing matches all.
 *
 * @param where the name of the field as reports say it: `headers`, `method`
 */
export function checkStringMatch(sink: ProblemSink, path: Path, match: StringMatch | null | undefined, where: string): void {
  if (match?.prefix === '') {
    sink.error([...path, 'prefix'], `the prefix of "${where}" is empty, which Envoy refuses`, { help: 'leave the match out to accept every value' });
  } else checkRegexMatch(sink, path, match, where);
}

/** As checkStringMatch, but an empty prefix is allowed: every path begins with it. */
export function checkRegexMatch(sink: ProblemSink, path: Path, match: StringMatch | null | undefined, where: string): void {
  const regex = match?.regex;
  if (regex === undefined) return;
  if (regex === '') sink.error([...path, 'regex'], `the regular expression of "${where}" is empty`);
  else checkRegex(sink, [...path, 'regex'], regex, where);
}
