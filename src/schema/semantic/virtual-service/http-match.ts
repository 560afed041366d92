import type { HTTPMatchRequest, StringMatch } from '../../../manifest/istio/networking.gen.ts';
import type { Path } from '../../../manifest/problem.ts';
import { checkMatchedHeaderName, isJwtClaim } from '../header-names.ts';
import { checkLabelMap, checkPort, isDnsLabel, itemsOf } from '../primitives.ts';
import { checkRegexMatch, checkStringMatch } from '../string-match.ts';
import type { ProblemSink } from '../validator.ts';
import { checkGatewayNames } from './gateway-names.ts';

export function checkHttpMatches(sink: ProblemSink, path: Path, matches: readonly (HTTPMatchRequest | null)[] | undefined): void {
  for (const [i, match] of itemsOf(matches).entries()) checkHttpMatch(sink, [...path, i], match);
}

function checkHttpMatch(sink: ProblemSink, path: Path, match: HTTPMatchRequest): void {
  checkHeaderMatches(sink, [...path, 'headers'], match.headers);
  checkHeaderMatches(sink, [...path, 'withoutHeaders'], match.withoutHeaders);
  checkRegexMatch(sink, [...path, 'uri'], match.uri, 'uri');
  for (const field of ['scheme', 'method', 'authority'] as const) checkStringMatch(sink, [...path, field], match[field], field);
  for (const [name, value] of Object.entries(match.queryParams ?? {})) checkStringMatch(sink, [...path, 'queryParams', name], value, 'queryParams');
  if (match.port) checkPort(sink, [...path, 'port'], match.port);
  checkLabelMap(sink, [...path, 'sourceLabels'], match.sourceLabels);
  checkGatewayNames(sink.errorsOnly(), [...path, 'gateways'], match.gateways);
  if (match.sourceNamespace && !isDnsLabel(match.sourceNamespace)) {
    sink.error([...path, 'sourceNamespace'], `sourceNamespace ${match.sourceNamespace} is not the name of a namespace: those are DNS labels`);
  }
}

function checkHeaderMatches(sink: ProblemSink, path: Path, headers: Readonly<Record<string, StringMatch | null>> | undefined): void {
  const where = path[path.length - 1] as string;
  for (const [name, match] of Object.entries(headers ?? {})) {
    const at = [...path, name];
    checkMatchedHeaderName(sink, at, name);
    // `*` in withoutHeaders is no regular expression: it means that the header is absent.
    if (where === 'withoutHeaders' && match?.regex === '*') continue;
    checkStringMatch(sink, at, match, where);
  }
}

/** Claims of tokens are known at gateways only, so a virtual service of the mesh cannot match on them. */
export function checkNoJwtClaims(sink: ProblemSink, path: Path, matches: readonly (HTTPMatchRequest | null)[] | undefined, gateways: readonly string[]): void {
  for (const [i, match] of itemsOf(matches).entries()) {
    for (const field of ['headers', 'withoutHeaders'] as const) {
      for (const name of Object.keys(match[field] ?? {})) {
        if (!isJwtClaim(name)) continue;
        sink.error(
          [...path, i, field, name],
          `a match on a claim of the token (${name}) works at gateways only, and the gateways here are [${gateways.join(' ')}]`,
          {
            help: 'bind the virtual service to gateways, without "mesh"',
          },
        );
      }
    }
  }
}
