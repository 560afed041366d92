// Listeners and route configurations as Envoy has them, in the words of the routing table.

/** A message of Envoy's configuration as JSON; fields that have their default value are absent. */
export type Message = Record<string, unknown>;

interface Fields {
  [field: string]: never;
}

/** Fields by name, of any type: what is absent is undefined. */
const open = (value: unknown): Fields & Record<string, any> => (value ?? {}) as never;
const list = (value: unknown): (Fields & Record<string, any>)[] => (Array.isArray(value) ? value : []) as never;

/** Milliseconds of `1.5s`. */
function milliseconds(text: unknown): number | undefined {
  return typeof text === 'string' ? Math.round(Number(text.replace('s', '')) * 1e6) / 1e3 : undefined;
}

function without<T extends Message>(message: T): T {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined)) as T;
}

function stringMatch(match: unknown, ignoreCase = false): unknown {
  const { exact, prefix, safe_regex } = open(match);
  if (safe_regex) return { kind: 'regex', value: safe_regex.regex };
  const found = exact === undefined ? { kind: 'prefix', value: prefix } : { kind: 'exact', value: exact };
  return ignoreCase ? { ...found, ignoreCase } : found;
}

function valueMatch(condition: unknown): unknown {
  const { present_match, string_match } = open(condition);
  return present_match === undefined ? stringMatch(string_match) : { kind: 'present' };
}

function routeMatch(match: unknown): unknown {
  const { prefix, path, safe_regex, path_separated_prefix, case_sensitive, headers, query_parameters } = open(match);
  const folds = case_sensitive === false;
  const at = (): unknown => {
    if (path !== undefined) return stringMatch({ exact: path }, folds);
    if (safe_regex) return stringMatch({ safe_regex });
    if (path_separated_prefix !== undefined) return { kind: 'segments', value: path_separated_prefix };
    return prefix === '/' ? undefined : stringMatch({ prefix }, folds);
  };
  return {
    path: at(),
    headers: list(headers).map((header) => ({ name: header.name, matcher: valueMatch(header), inverted: header.invert_match === true })),
    query: list(query_parameters)
      .map((query) => ({ name: query.name, matcher: valueMatch(query) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function headerOps(level: unknown, side: string): unknown {
  const fields = open(level);
  return {
    remove: fields[`${side}_headers_to_remove`] ?? [],
    add: list(fields[`${side}_headers_to_add`]).map(({ header, append_action }) => ({
      name: header.key,
      value: header.value ?? '',
      set: append_action === 'OVERWRITE_IF_EXISTS_OR_ADD',
    })),
  };
}

function headerPolicy(level: unknown): unknown {
  return { request: headerOps(level, 'request'), response: headerOps(level, 'response') };
}

function retryPolicy(policy: unknown): unknown {
  if (!policy) return undefined;
  const {
    retry_on,
    retriable_status_codes,
    num_retries,
    per_try_timeout,
    retry_back_off,
    retry_host_predicate,
    host_selection_retry_max_attempts,
    retry_priority,
  } = open(policy);
  const base = milliseconds(retry_back_off?.base_interval) ?? 25;
  return without({
    on: String(retry_on ?? '')
      .split(',')
      .filter((part) => part !== ''),
    statusCodes: retriable_status_codes ?? [],
    attempts: num_retries,
    perTryTimeoutMs: milliseconds(per_try_timeout),
    backoffBaseMs: base,
    backoffMaxMs: base * 10,
    previousHosts: retry_host_predicate !== undefined,
    hostSelectionAttempts: Number(host_selection_retry_max_attempts),
    previousPriorities: retry_priority !== undefined,
  });
}

function share(percent: unknown): number {
  const { numerator = 0, denominator = 'HUNDRED' } = open(percent);
  return numerator * { HUNDRED: 10_000, TEN_THOUSAND: 100, MILLION: 1 }[denominator as 'HUNDRED'];
}

function hashPolicy(policy: unknown): unknown {
  const { header, cookie, connection_properties, query_parameter } = open(policy);
  if (header) return { kind: 'header', name: header.header_name };
  if (cookie) return without({ kind: 'cookie', name: cookie.name, path: cookie.path ?? '', ttlMs: milliseconds(cookie.ttl) });
  if (query_parameter) return { kind: 'query', name: query_parameter.name };
  return connection_properties ? { kind: 'source-ip' } : policy;
}

function cors(policy: unknown): unknown {
  if (!policy) return undefined;
  const { allow_origin_string_match, allow_methods, allow_headers, expose_headers, max_age, allow_credentials, forward_not_matching_preflights } = open(policy);
  return without({
    allowOrigins: list(allow_origin_string_match).map((match) => stringMatch(match)),
    allowMethods: allow_methods ?? '',
    allowHeaders: allow_headers ?? '',
    exposeHeaders: expose_headers ?? '',
    maxAgeSeconds: max_age === undefined ? undefined : Number(max_age),
    allowCredentials: allow_credentials === true,
    forwardUnmatchedPreflights: forward_not_matching_preflights !== false,
  });
}

function fault(filter: unknown): unknown {
  if (!filter) return undefined;
  const { delay, abort } = open(filter);
  return without({
    delay: delay && { durationMs: milliseconds(delay.fixed_delay), share: share(delay.percentage) },
    abort: abort && without({ share: share(abort.percentage), httpStatus: abort.http_status, grpcStatus: abort.grpc_status }),
  });
}

const redirectCodes: Record<string, number> = { MOVED_PERMANENTLY: 301, FOUND: 302, SEE_OTHER: 303, TEMPORARY_REDIRECT: 307, PERMANENT_REDIRECT: 308 };

function action(route: Fields & Record<string, any>): unknown {
  const { redirect, direct_response, route: forward, match, typed_per_filter_config } = route;
  if (redirect) {
    return without({
      kind: 'redirect',
      status: redirectCodes[redirect.response_code ?? 'MOVED_PERMANENTLY'],
      scheme: redirect.scheme_redirect,
      host: redirect.host_redirect,
      port: redirect.port_redirect,
      path: redirect.path_redirect || undefined,
      prefix: redirect.prefix_rewrite,
    });
  }
  if (direct_response) return { kind: 'direct', status: direct_response.status, body: direct_response.body?.inline_string ?? '' };
  const weighted = list(forward.weighted_clusters?.clusters);
  const { regex_rewrite, prefix_rewrite } = forward;
  const whole = match.path !== undefined || match.safe_regex !== undefined;
  return without({
    kind: 'forward',
    clusters: forward.cluster
      ? [{ cluster: forward.cluster, weight: 1 }]
      : weighted.map((cluster) =>
          without({ cluster: cluster.name, weight: cluster.weight, authority: cluster.host_rewrite_literal, headers: headerPolicy(cluster) }),
        ),
    rewrite: regex_rewrite
      ? { kind: 'regex', pattern: regex_rewrite.pattern.regex, substitution: regex_rewrite.substitution ?? '' }
      : prefix_rewrite && { kind: whole ? 'whole' : 'prefix', value: prefix_rewrite },
    authority: forward.host_rewrite_literal,
    appendForwardedHost: forward.append_x_forwarded_host === true,
    timeoutMs: milliseconds(forward.timeout),
    maxGrpcTimeoutMs: milliseconds(forward.max_grpc_timeout),
    retry: retryPolicy(forward.retry_policy),
    mirrors: list(forward.request_mirror_policies).map(({ cluster, runtime_fraction }) => ({ cluster, share: share(runtime_fraction?.default_value) })),
    hash: list(forward.hash_policy).map(hashPolicy),
    cors: cors(typed_per_filter_config?.['envoy.filters.http.cors']),
    missingClusterStatus: forward.cluster_not_found_response_code === 'INTERNAL_SERVER_ERROR' ? 500 : 503,
  });
}

function routeOf(route: Fields & Record<string, any>): unknown {
  return without({
    name: route.name ?? '',
    match: routeMatch(route.match),
    action: action(route),
    headers: headerPolicy(route),
    fault: fault(route.typed_per_filter_config?.['envoy.filters.http.fault']),
    decorator: route.decorator?.operation,
    statPrefix: route.match?.stat_prefix ?? route.stat_prefix,
  });
}

export function routeConfigOf(config: Message): unknown {
  return {
    name: config.name,
    ignorePortInHost: config.ignore_port_in_host_matching === true,
    virtualHosts: list(config.virtual_hosts).map((host) => ({
      name: host.name,
      domains: host.domains,
      includeAttemptCount: host.include_request_attempt_count === true,
      requireTls: host.require_tls === 'ALL',
      routes: list(host.routes).map(routeOf),
    })),
  };
}

const certificates: Record<string, string> = {
  SANITIZE_SET: 'sanitize-set',
  APPEND_FORWARD: 'append-forward',
  FORWARD_ONLY: 'forward-only',
  ALWAYS_FORWARD_ONLY: 'always-forward-only',
};

function filterOf(filters: unknown): unknown {
  const { typed_config: config } = open(list(filters).at(-1));
  if (config.rds || config.route_config) {
    return without({
      kind: 'http',
      routes: config.rds?.route_config_name ?? config.route_config?.name,
      serverName: config.server_name ?? 'envoy',
      useRemoteAddress: config.use_remote_address === true,
      trustedHops: config.xff_num_trusted_hops ?? 0,
      forwardClientCert: certificates[config.forward_client_cert_details ?? ''] ?? 'sanitize',
      http10: config.http_protocol_options?.accept_http_10 === true,
      streamIdleTimeoutMs: milliseconds(config.stream_idle_timeout),
    });
  }
  return without({
    kind: 'tcp',
    clusters: config.cluster
      ? [{ cluster: config.cluster, weight: 1 }]
      : list(config.weighted_clusters?.clusters).map(({ name, weight }) => ({ cluster: name, weight })),
    statPrefix: config.stat_prefix,
    hashSourceIp: config.hash_policy !== undefined,
    idleTimeoutMs: milliseconds(config.idle_timeout),
    maxConnectionDurationMs: milliseconds(config.max_downstream_connection_duration),
  });
}

function chainOf(chain: unknown): unknown {
  const { name, filter_chain_match: match, filters, transport_socket } = open(chain);
  const { server_names, prefix_ranges, destination_port, transport_protocol, application_protocols } = open(match);
  const tls = transport_socket?.typed_config;
  return without({
    name: name ?? '',
    match: without({
      serverNames: server_names,
      destinationCidrs: prefix_ranges && list(prefix_ranges).map(({ address_prefix, prefix_len }) => `${address_prefix}/${prefix_len ?? 0}`),
      destinationPort: destination_port,
      transport: transport_protocol,
      applicationProtocols: application_protocols,
    }),
    tls: tls && without({ alpn: tls.common_tls_context?.alpn_protocols, requiresClient: tls.require_client_certificate === true }),
    filter: filterOf(filters),
  });
}

/** Chains with their conditions in any order: Envoy takes the most specific one. */
export function listenerOf(listener: Message): unknown {
  const { name, address, bind_to_port, filter_chains, default_filter_chain, listener_filters } = open(listener);
  const inspectors = list(listener_filters).map((filter) => filter.name);
  return without({
    name,
    address: address?.socket_address?.address,
    port: address?.socket_address?.port_value,
    bind: bind_to_port !== false,
    chains: list(filter_chains).map(chainOf),
    defaultChain: default_filter_chain && chainOf(default_filter_chain),
    inspectHttp: inspectors.includes('envoy.filters.listener.http_inspector'),
    inspectTls: inspectors.includes('envoy.filters.listener.tls_inspector'),
  });
}
