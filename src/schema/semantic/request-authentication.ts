import type { JWTRule, RequestAuthentication } from '../../manifest/istio/security.gen.ts';
import { formatPath, type Path } from '../../manifest/problem.ts';
import { parseUrl, UrlError } from '../../manifest/url.ts';
import { checkKeySet } from './json-web-key.ts';
import { checkDuration, itemsOf } from './primitives.ts';
import { checkTargets } from './target-reference.ts';
import type { ProblemSink, Validator } from './validator.ts';

export const validateRequestAuthentication: Validator<RequestAuthentication> = (spec, sink) => {
  checkTargets(sink, spec);
  itemsOf(spec.jwtRules).forEach((rule, i) => {
    checkJwtRule(sink, ['jwtRules', i], rule);
  });
};

function checkJwtRule(sink: ProblemSink, path: Path, rule: JWTRule): void {
  const { issuer = '', jwksUri = '', jwks = '' } = rule;
  const checkFilled = (field: 'audiences' | 'fromParams' | 'fromCookies', what: string): void => {
    rule[field]?.forEach((value, i) => {
      if (value === '') sink.error([...path, field, i], `${formatPath(path)}.${field} has an empty ${what}`, { same: `empty ${what}` });
    });
  };
  checkFilled('audiences', 'audience');
  if (issuer === '' && jwksUri === '') {
    sink.error(path, `${formatPath(path)} has neither issuer nor jwksUri, so nothing says where the keys of its tokens come from`, {
      same: 'issuer or jwksUri',
      help: 'name the issuer as the iss claim of the tokens has it, and the jwksUri with its keys unless the issuer is found by OpenID Connect discovery',
    });
  }
  if (jwksUri !== '') checkJwksUri(sink, [...path, 'jwksUri'], jwksUri);
  if (jwks !== '') checkKeySet(sink, [...path, 'jwks'], jwks);
  itemsOf(rule.fromHeaders).forEach(({ name = '' }, i) => {
    if (name === '') sink.error([...path, 'fromHeaders', i], `${formatPath(path)}.fromHeaders[${i}] has no header name`, { same: 'header name' });
  });
  checkFilled('fromParams', 'query parameter');
  checkFilled('fromCookies', 'cookie name');
  itemsOf(rule.outputClaimToHeaders).forEach(({ header = '', claim = '' }, i) => {
    const at = [...path, 'outputClaimToHeaders', i];
    if (header === '' || claim === '') {
      sink.error(at, `${formatPath(at)} needs both a header and a claim`, { same: 'outputClaimToHeaders header and claim' });
    } else if (!/^[-_A-Za-z0-9]+$/.test(header)) {
      sink.error([...at, 'header'], `"${header}" is not a header name: letters, digits, "-" and "_" are allowed`);
    }
  });
  checkDuration(sink, [...path, 'timeout'], rule.timeout);
}

function checkJwksUri(sink: ProblemSink, path: Path, uri: string): void {
  try {
    const { scheme, port } = parseUrl(uri);
    if (scheme !== 'http' && scheme !== 'https') {
      sink.error(path, `jwksUri ${JSON.stringify(uri)} has the scheme "${scheme}", and keys are fetched over http and https only`, {
        same: `jwksUri scheme ${scheme}`,
      });
    } else if (BigInt(port || 0) >= 2n ** 63n) {
      sink.error(path, `jwksUri ${JSON.stringify(uri)} has the port "${port}", which is out of range (strconv.Atoi)`, { same: `jwksUri port ${port}` });
    }
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    sink.error(path, `jwksUri ${JSON.stringify(uri)} is not a URL: ${error.message}`);
  }
}
