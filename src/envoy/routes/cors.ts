import type { CorsPolicy } from '../../ir/route.ts';
import { defined, type TypedJson } from '../json.ts';
import { stringMatch } from './string-match.ts';

/** MAP-R38 */
export function corsConfig(cors: CorsPolicy): TypedJson {
  return defined({
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
    allow_origin_string_match: cors.allowOrigins.map(stringMatch),
    allow_methods: cors.allowMethods || undefined,
    allow_headers: cors.allowHeaders || undefined,
    expose_headers: cors.exposeHeaders || undefined,
    max_age: cors.maxAgeSeconds === undefined ? undefined : String(Math.trunc(cors.maxAgeSeconds)),
    allow_credentials: cors.allowCredentials || undefined,
    filter_enabled: { default_value: { numerator: 100 } },
    forward_not_matching_preflights: cors.forwardUnmatchedPreflights,
  });
}
