// The filter that verifies tokens (MAP-R68).
import type { JwtProvider, KeySource, RequestAuthentication } from '../../ir/authentication.ts';
import { KeySet } from '../../proxy/core/jwt/key-set.ts';
import { defined, type JsonObject } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { payloadKey, tokenFilter } from '../token-metadata.ts';

const type = 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication';

/**
 * Verifies nothing: Envoy takes no set without a key. The point of the curve is made of a hash (test), so that nobody has the private
 * key that belongs to it.
 */
const noKeys = JSON.stringify({
  keys: [
    {
      kty: 'EC',
      crv: 'P-256',
      kid: 'no-keys',
      alg: 'ES256',
      x: 'v08b7a-nS3xk_V3mI4eexpkVNTcjlYiCI_kLIBeWoFM',
      y: 'jUq7Y75QRTowhsd088MsiC7d66A8h3ea5vdmOZRU0Lg',
    },
  ],
});

export function jwtFilter({ providers, routesByClaims }: RequestAuthentication, options: EnvoyOptions): JsonObject[] {
  if (providers.length === 0) return [];
  return [
    {
      name: tokenFilter,
      typed_config: {
        '@type': type,
        providers: Object.fromEntries(providers.map((provider) => [provider.name, providerOf(provider, routesByClaims, options)])),
        rules: [{ match: { prefix: '/' }, requires: requirement(providers) }],
        bypass_cors_preflight: true,
      },
    },
  ];
}

function providerOf(provider: JwtProvider, clearRouteCache: boolean, options: EnvoyOptions): JsonObject {
  const { issuer, audiences, keys, headers, params, cookies, forward, payloadHeader, claimHeaders, spaceDelimitedClaims } = provider;
  return defined({
    issuer: issuer || undefined,
    audiences: filled([...audiences]),
    local_jwks: { inline_string: keySet(keys, options) },
    from_headers: filled(headers.map(({ name, prefix }) => defined({ name, value_prefix: prefix || undefined }))),
    from_params: filled([...params]),
    from_cookies: filled([...cookies]),
    forward: forward || undefined,
    forward_payload_header: payloadHeader,
    claim_to_headers: filled(claimHeaders.map(({ header, claim }) => ({ header_name: header, claim_name: claim }))),
    payload_in_metadata: payloadKey,
    normalize_payload_in_metadata: { space_delimited_claims: [...spaceDelimitedClaims] },
    clear_route_cache: clearRouteCache || undefined,
  });
}

/** The keys as Envoy gets them: it fetches none itself, and refuses its whole configuration where none of a set is right. */
export function keySet(keys: KeySource, { jwks }: EnvoyOptions): string {
  const given = (keys.kind === 'inline' ? keys.jwks : jwks?.(keys)) ?? '';
  let found = sets.get(keys);
  if (found?.given !== given) {
    const set = KeySet.parse(given);
    found = { given, text: 'problem' in set ? noKeys : set.text };
    sets.set(keys, found);
  }
  return found.text;
}

/** The same source is one of many proxies. */
const sets = new WeakMap<KeySource, { given: string; text: string }>();

/** One valid token, or for each provider a valid one or none (SEC-R40). */
function requirement(providers: readonly JwtProvider[]): JsonObject {
  const valid = providers.map(({ name }) => ({ provider_name: name }));
  const validOrMissing = valid.map((one) => any([one, { allow_missing: {} }]));
  const [only] = validOrMissing;
  return only && validOrMissing.length === 1 ? only : any([...valid, { requires_all: { requirements: validOrMissing } }]);
}

function any(requirements: JsonObject[]): JsonObject {
  return { requires_any: { requirements } };
}

function filled<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined;
}
