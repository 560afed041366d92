// Listeners and route configurations as Envoy has them, in the words of the routing table.

// Messages of Envoy's configuration as JSON, as far as they are read here; fields that have their default value are absent.
interface StringMatch {
  exact?: string;
  prefix?: string;
  safe_regex?: { regex: string };
}
interface Condition {
  name: string;
  present_match?: boolean;
  invert_match?: boolean;
  string_match?: StringMatch;
}
interface Match extends Omit<StringMatch, 'exact'> {
  path?: string;
  path_separated_prefix?: string;
  case_sensitive?: boolean;
  headers?: Condition[];
  query_parameters?: Condition[];
}
interface HeaderOption {
  header: { key: string; value?: string };
  append_action?: string;
}
interface Headers {
  request_headers_to_add?: HeaderOption[];
  request_headers_to_remove?: string[];
  response_headers_to_add?: HeaderOption[];
  response_headers_to_remove?: string[];
}
interface Share {
  numerator?: number;
  denominator?: 'HUNDRED' | 'TEN_THOUSAND' | 'MILLION';
}
interface Retry {
  retry_on?: string;
  retriable_status_codes?: number[];
  num_retries: number;
  per_try_timeout?: string;
  retry_back_off?: { base_interval?: string };
  retry_host_predicate?: object[];
  host_selection_retry_max_attempts?: string;
  retry_priority?: object;
}
interface Hash {
  header?: { header_name: string };
  cookie?: { name: string; path?: string; ttl?: string };
  connection_properties?: object;
  query_parameter?: { name: string };
}
interface Cors {
  allow_origin_string_match?: StringMatch[];
  allow_methods?: string;
  allow_headers?: string;
  expose_headers?: string;
  max_age?: string;
  allow_credentials?: boolean;
  forward_not_matching_preflights?: boolean;
}
interface Fault {
  delay?: { fixed_delay: string; percentage?: Share };
  abort?: { http_status?: number; grpc_status?: number; percentage?: Share };
}
interface Forward {
  cluster?: string;
  weighted_clusters?: { clusters: (Headers & { name: string; weight?: number; host_rewrite_literal?: string })[] };
  regex_rewrite?: { pattern: { regex: string }; substitution?: string };
  prefix_rewrite?: string;
  host_rewrite_literal?: string;
  append_x_forwarded_host?: boolean;
  timeout?: string;
  max_grpc_timeout?: string;
  retry_policy?: Retry;
  request_mirror_policies?: { cluster: string; runtime_fraction?: { default_value?: Share } }[];
  hash_policy?: Hash[];
  cluster_not_found_response_code?: string;
}
interface EnvoyRoute extends Headers {
  name?: string;
  match: Match;
  route?: Forward;
  redirect?: {
    response_code?: string;
    scheme_redirect?: string;
    host_redirect?: string;
    port_redirect?: number;
    path_redirect?: string;
    prefix_rewrite?: string;
  };
  direct_response?: { status: number; body?: { inline_string?: string } };
  decorator?: { operation: string };
  stat_prefix?: string;
  typed_per_filter_config?: { 'envoy.filters.http.cors'?: Cors; 'envoy.filters.http.fault'?: Fault };
}
export interface EnvoyRoutes {
  name: string;
  ignore_port_in_host_matching?: boolean;
  virtual_hosts?: { name: string; domains: string[]; include_request_attempt_count?: boolean; require_tls?: string; routes?: EnvoyRoute[] }[];
}
interface Filter {
  rds?: { route_config_name: string };
  route_config?: { name: string };
  server_name?: string;
  use_remote_address?: boolean;
  xff_num_trusted_hops?: number;
  forward_client_cert_details?: string;
  http_protocol_options?: { accept_http_10?: boolean };
  stream_idle_timeout?: string;
  cluster?: string;
  weighted_clusters?: { clusters: { name: string; weight: number }[] };
  stat_prefix?: string;
  hash_policy?: object[];
  idle_timeout?: string;
  max_downstream_connection_duration?: string;
}
interface Chain {
  name?: string;
  filter_chain_match?: {
    server_names?: string[];
    prefix_ranges?: { address_prefix: string; prefix_len?: number }[];
    destination_port?: number;
    transport_protocol?: string;
    application_protocols?: string[];
  } | null;
  filters: { typed_config: Filter }[];
  transport_socket?: { typed_config: { require_client_certificate?: boolean; common_tls_context?: { alpn_protocols?: string[] } } };
}
export interface EnvoyListener {
  name: string;
  address?: { socket_address?: { address: string; port_value: number } };
  bind_to_port?: boolean;
  filter_chains?: Chain[];
  default_filter_chain?: Chain;
  listener_filters?: { name: string }[];
}

/** Milliseconds of `1.5s`. */
function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Math.round(Number(text.replace('s', '')) * 1e6) / 1e3;
}

function without<T extends object>(message: T): T {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined)) as T;
}

function stringMatch({ exact, prefix, safe_regex }: StringMatch, ignoreCase = false): unknown {
  if (safe_regex) return { kind: 'regex', value: safe_regex.regex };
  const found = exact === undefined ? { kind: 'prefix', value: prefix } : { kind: 'exact', value: exact };
  return ignoreCase ? { ...found, ignoreCase } : found;
}

function valueMatch({ present_match, string_match = {} }: Condition): unknown {
  return present_match === undefined ? stringMatch(string_match) : { kind: 'present' };
}

function routeMatch({ prefix, path, safe_regex, path_separated_prefix, case_sensitive, headers = [], query_parameters = [] }: Match): unknown {
  const folds = case_sensitive === false;
  const at = (): unknown => {
    if (path !== undefined) return stringMatch({ exact: path }, folds);
    if (safe_regex) return stringMatch({ safe_regex });
    if (path_separated_prefix !== undefined) return { kind: 'segments', value: path_separated_prefix };
    return prefix === '/' ? undefined : stringMatch({ prefix }, folds);
  };
  return {
    path: at(),
    headers: headers.map((header) => ({ name: header.name, matcher: valueMatch(header), inverted: header.invert_match === true })),
    query: query_parameters.map((query) => ({ name: query.name, matcher: valueMatch(query) })).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function headerOps(level: Headers, side: 'request' | 'response'): unknown {
  return {
    remove: level[`${side}_headers_to_remove`] ?? [],
    add: (level[`${side}_headers_to_add`] ?? []).map(({ header, append_action }) => ({
      name: header.key,
      value: header.value ?? '',
      set: append_action === 'OVERWRITE_IF_EXISTS_OR_ADD',
    })),
  };
}

function headerPolicy(level: Headers): unknown {
  return { request: headerOps(level, 'request'), response: headerOps(level, 'response') };
}

function retryPolicy(policy: Retry | undefined): unknown {
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
  } = policy;
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

function share({ numerator = 0, denominator = 'HUNDRED' }: Share = {}): number {
  return numerator * { HUNDRED: 10_000, TEN_THOUSAND: 100, MILLION: 1 }[denominator];
}

function hashPolicy({ header, cookie, connection_properties, query_parameter }: Hash): unknown {
  if (header) return { kind: 'header', name: header.header_name };
  if (cookie) return without({ kind: 'cookie', name: cookie.name, path: cookie.path ?? '', ttlMs: milliseconds(cookie.ttl) });
  if (query_parameter) return { kind: 'query', name: query_parameter.name };
  return connection_properties && { kind: 'source-ip' };
}

function cors(policy: Cors | undefined): unknown {
  if (!policy) return undefined;
  const { allow_origin_string_match, allow_methods, allow_headers, expose_headers, max_age, allow_credentials, forward_not_matching_preflights } = policy;
  return without({
    allowOrigins: (allow_origin_string_match ?? []).map((match) => stringMatch(match)),
    allowMethods: allow_methods ?? '',
    allowHeaders: allow_headers ?? '',
    exposeHeaders: expose_headers ?? '',
    maxAgeSeconds: max_age === undefined ? undefined : Number(max_age),
    allowCredentials: allow_credentials === true,
    forwardUnmatchedPreflights: forward_not_matching_preflights !== false,
  });
}

function fault(filter: Fault | undefined): unknown {
  if (!filter) return undefined;
  const { delay, abort } = filter;
  return without({
    delay: delay && { durationMs: milliseconds(delay.fixed_delay), share: share(delay.percentage) },
    abort: abort && without({ share: share(abort.percentage), httpStatus: abort.http_status, grpcStatus: abort.grpc_status }),
  });
}

const redirectCodes: Record<string, number> = { MOVED_PERMANENTLY: 301, FOUND: 302, SEE_OTHER: 303, TEMPORARY_REDIRECT: 307, PERMANENT_REDIRECT: 308 };

function action({ redirect, direct_response, route: forward = {}, match, typed_per_filter_config }: EnvoyRoute): unknown {
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
  const weighted = forward.weighted_clusters?.clusters ?? [];
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
    mirrors: (forward.request_mirror_policies ?? []).map(({ cluster, runtime_fraction }) => ({ cluster, share: share(runtime_fraction?.default_value) })),
    hash: (forward.hash_policy ?? []).map(hashPolicy),
    cors: cors(typed_per_filter_config?.['envoy.filters.http.cors']),
    missingClusterStatus: forward.cluster_not_found_response_code === 'INTERNAL_SERVER_ERROR' ? 500 : 503,
  });
}

function routeOf(route: EnvoyRoute): unknown {
  return without({
    name: route.name ?? '',
    match: routeMatch(route.match),
    action: action(route),
    headers: headerPolicy(route),
    fault: fault(route.typed_per_filter_config?.['envoy.filters.http.fault']),
    decorator: route.decorator?.operation,
    statPrefix: route.stat_prefix,
  });
}

export function routeConfigOf(config: EnvoyRoutes): unknown {
  return {
    name: config.name,
    ignorePortInHost: config.ignore_port_in_host_matching === true,
    virtualHosts: (config.virtual_hosts ?? []).map((host) => ({
      name: host.name,
      domains: host.domains,
      includeAttemptCount: host.include_request_attempt_count === true,
      requireTls: host.require_tls === 'ALL',
      routes: (host.routes ?? []).map(routeOf),
    })),
  };
}

const certificates: Record<string, string> = {
  SANITIZE_SET: 'sanitize-set',
  APPEND_FORWARD: 'append-forward',
  FORWARD_ONLY: 'forward-only',
  ALWAYS_FORWARD_ONLY: 'always-forward-only',
};

function filterOf(filters: Chain['filters']): unknown {
  const { typed_config: config } = filters.at(-1) ?? { typed_config: {} };
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
      : (config.weighted_clusters?.clusters ?? []).map(({ name, weight }) => ({ cluster: name, weight })),
    statPrefix: config.stat_prefix,
    hashSourceIp: config.hash_policy !== undefined,
    idleTimeoutMs: milliseconds(config.idle_timeout),
    maxConnectionDurationMs: milliseconds(config.max_downstream_connection_duration),
  });
}

function chainOf({ name, filter_chain_match: match, filters, transport_socket }: Chain): unknown {
  const { server_names, prefix_ranges, destination_port, transport_protocol, application_protocols } = match ?? {};
  const tls = transport_socket?.typed_config;
  return without({
    name: name ?? '',
    match: without({
      serverNames: server_names,
      destinationCidrs: prefix_ranges?.map(({ address_prefix, prefix_len }) => `${address_prefix}/${prefix_len ?? 0}`),
      destinationPort: destination_port,
      transport: transport_protocol,
      applicationProtocols: application_protocols,
    }),
    tls: tls && without({ alpn: tls.common_tls_context?.alpn_protocols, requiresClient: tls.require_client_certificate === true }),
    filter: filterOf(filters),
  });
}

/** Chains with their conditions in any order: Envoy takes the most specific one. */
export function listenerOf(listener: EnvoyListener): unknown {
  const { name, address, bind_to_port, filter_chains = [], default_filter_chain, listener_filters = [] } = listener;
  const inspectors = listener_filters.map((filter) => filter.name);
  return without({
    name,
    address: address?.socket_address?.address,
    port: address?.socket_address?.port_value,
    bind: bind_to_port !== false,
    chains: filter_chains.map(chainOf),
    defaultChain: default_filter_chain && chainOf(default_filter_chain),
    inspectHttp: inspectors.includes('envoy.filters.listener.http_inspector'),
    inspectTls: inspectors.includes('envoy.filters.listener.tls_inspector'),
  });
}
