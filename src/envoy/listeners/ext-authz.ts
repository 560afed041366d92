// The filters that ask a service whether a request or a connection may come in (policies with the action CUSTOM).
import type { CustomAuthorization, ExternalAuthorizer, TextMatcher } from '../../ir/authorization.ts';
import { defined, duration, type JsonObject } from '../json.ts';
import { stringMatch } from '../routes/string-match.ts';
import { type FilterLevel, rbacFilter, rbacName, rbacRules, shadowPrefixes } from './rbac.ts';

/** Names of rules of CUSTOM policies begin with it. */
const namePrefix = 'istio-ext-authz';

/** First the rules are only told, in metadata; by these the next filter asks, or does not. Where nobody can be asked the rules deny. */
export function customFilters(level: FilterLevel, custom: readonly CustomAuthorization[]): JsonObject[] {
  return custom.flatMap(({ rules, authorizer }) => {
    const denied = rbacRules('DENY', rules);
    if (!authorizer) return [rbacFilter(level, { rules: denied })];
    return [rbacFilter(level, { shadowRules: denied, shadowPrefix: shadowPrefixes.CUSTOM }), extAuthzFilter(level, authorizer)];
  });
}

function extAuthzFilter(level: FilterLevel, authorizer: ExternalAuthorizer): JsonObject {
  const { protocol, failOpen, statusOnError, body, clearRouteCache } = authorizer;
  const ofHttp: JsonObject = {
    ...(protocol === 'http' ? { http_service: httpService(authorizer), allowed_headers: listMatch(authorizer.requestHeaders) } : {}),
    status_on_error: statusOnError === defaultStatusOnError ? undefined : { code: statusOnError },
    with_request_body: body && defined({ max_request_bytes: body.maxBytes, allow_partial_message: body.allowPartial, pack_as_bytes: body.packAsBytes }),
    clear_route_cache: clearRouteCache || undefined,
  };
  return {
    name: `envoy.filters.${level}.ext_authz`,
    typed_config: defined({
      '@type': `type.googleapis.com/envoy.extensions.filters.${level}.ext_authz.v3.ExtAuthz`,
      ...(protocol === 'grpc' ? { grpc_service: grpcService(authorizer), include_peer_certificate: true, include_tls_session: true } : {}),
      ...(level === 'http' ? ofHttp : { stat_prefix: 'tcp.' }),
      transport_api_version: 'V3',
      failure_mode_allow: failOpen || undefined,
      filter_enabled_metadata: {
        filter: rbacName(level),
        path: [{ key: `${shadowPrefixes.CUSTOM}shadow_effective_policy_id` }],
        value: { string_match: { prefix: namePrefix } },
      },
    }),
  };
}

/** Envoy's own. */
const defaultStatusOnError = 403;

function httpService(authorizer: ExternalAuthorizer): JsonObject {
  const { cluster, authority, timeoutMs, pathPrefix, additionalHeaders, upstreamHeaders, denialHeaders, responseHeaders } = authorizer;
  const answer = defined({
    allowed_upstream_headers: listMatch(upstreamHeaders),
    allowed_client_headers: listMatch(denialHeaders),
    allowed_client_headers_on_success: listMatch(responseHeaders),
  });
  return defined({
    server_uri: { uri: `http://${authority}`, cluster, timeout: duration(timeoutMs) },
    path_prefix: pathPrefix || undefined,
    authorization_request: additionalHeaders.length > 0 ? { headers_to_add: additionalHeaders.map(({ name, value }) => ({ key: name, value })) } : undefined,
    authorization_response: Object.keys(answer).length > 0 ? answer : undefined,
  });
}

function grpcService({ cluster, authority, timeoutMs }: ExternalAuthorizer): JsonObject {
  return { envoy_grpc: { cluster_name: cluster, authority }, timeout: duration(timeoutMs) };
}

function listMatch(names: readonly TextMatcher[]): JsonObject | undefined {
  return names.length > 0 ? { patterns: names.map(stringMatch) } : undefined;
}
