import type { HTTPRewrite } from '../../../manifest/istio/networking.gen.ts';
import type { Path } from '../../../manifest/problem.ts';
import { checkRegex } from '../regex.ts';
import type { ProblemSink } from '../validator.ts';

/** A rewrite changes the path (`uri` or `uriRegexRewrite`), the authority, or both. */
export function checkRewrite(sink: ProblemSink, path: Path, rewrite: HTTPRewrite | undefined): void {
  if (!rewrite) return;
  const { uri = '', authority = '', uriRegexRewrite: regex } = rewrite;
  if (uri !== '' && regex) sink.error(path, 'the rewrite has both uri and uriRegexRewrite; one of them changes the path');
  else if (uri === '' && !regex && authority === '') sink.error(path, 'the rewrite changes nothing: it needs a uri, uriRegexRewrite or authority');
  else if (regex) {
    const at = [...path, 'uriRegexRewrite'];
    if (!regex.match || !regex.rewrite) sink.error(at, 'uriRegexRewrite needs both match and rewrite');
    else checkRegex(sink, [...at, 'match'], regex.match, 'HTTPRewrite.UriRegexRewrite.Match');
  }
}
