// Which part of the generated configuration a patch is for has to fit what the patch applies to.
import type { EnvoyFilter_ApplyTo, EnvoyFilter_EnvoyConfigObjectMatch, EnvoyFilter_ListenerMatch_FilterMatch } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import type { ProblemSink } from './validator.ts';

type ObjectType = 'listener' | 'routeConfiguration' | 'cluster';

const classes: Partial<Record<EnvoyFilter_ApplyTo, ObjectType>> = {
  LISTENER: 'listener',
  FILTER_CHAIN: 'listener',
  NETWORK_FILTER: 'listener',
  HTTP_FILTER: 'listener',
  ROUTE_CONFIGURATION: 'routeConfiguration',
  VIRTUAL_HOST: 'routeConfiguration',
  HTTP_ROUTE: 'routeConfiguration',
  CLUSTER: 'cluster',
};

/** Of several object types the last one counts, in this order. */
const objectTypes: readonly ObjectType[] = ['listener', 'routeConfiguration', 'cluster'];

/** @returns false when the rest of the patch is not looked at */
export function checkMatch(sink: ProblemSink, path: Path, applyTo: EnvoyFilter_ApplyTo, match: EnvoyFilter_EnvoyConfigObjectMatch): boolean {
  const wanted = classes[applyTo];
  const given = objectTypes.findLast((type) => match[type] !== undefined);
  if (wanted === undefined || given === undefined) return true;
  if (given !== wanted) {
    sink.error([...path, given], `a patch that applies to ${applyTo} can match a ${wanted} only, and this one matches a ${given}`, {
      same: `non ${wanted} match`,
      help: `select with match.${wanted}, or correct applyTo`,
    });
    return wanted !== 'listener';
  }
  const filter = match.listener?.filterChain?.filter;
  return given !== 'listener' || !filter || checkFilter(sink, [...path, 'listener', 'filterChain', 'filter'], applyTo, filter);
}

const connectionManager = 'envoy.filters.network.http_connection_manager';
const connectionManagers: ReadonlySet<string> = new Set([connectionManager, 'envoy.http_connection_manager']);

function checkFilter(sink: ProblemSink, path: Path, applyTo: EnvoyFilter_ApplyTo, filter: EnvoyFilter_ListenerMatch_FilterMatch): boolean {
  const { name = '', subFilter } = filter;
  if (applyTo === 'LISTENER' || applyTo === 'FILTER_CHAIN') {
    sink.warning(path, `a filter in the match has no effect on a patch that applies to ${applyTo}`, {
      help: 'remove filter from the match, or apply the patch to NETWORK_FILTER or HTTP_FILTER',
    });
  }
  if (name === '') {
    sink.error(path, 'the filter of a match has no name', { same: 'filter match name', help: `for HTTP filters it is ${connectionManager}` });
    return false;
  }
  if (subFilter) {
    const at = [...path, 'subFilter'];
    if (applyTo !== 'HTTP_FILTER') {
      sink.error(at, `a subFilter matches an HTTP filter, so it is for applyTo HTTP_FILTER only, and this patch applies to ${applyTo}`, {
        same: 'subfilter applyTo',
      });
      return false;
    }
    if (!connectionManagers.has(name)) {
      sink.error([...path, 'name'], `a subFilter is a part of ${connectionManager}, so that has to be the name of the filter, and it is "${name}"`, {
        same: 'subfilter filter name',
      });
      return false;
    }
    if (!subFilter.name) {
      sink.error(at, 'the subFilter of a match has no name', { same: 'subfilter name', help: 'for example envoy.filters.http.router' });
      return false;
    }
    checkName(sink, [...at, 'name'], subFilter.name);
  }
  checkName(sink, [...path, 'name'], name);
  return true;
}

/** Names that filters had before Envoy 1.14, without `filters.network` and the like. */
const newNames: Readonly<Record<string, readonly string[]>> = {
  'envoy.buffer': ['envoy.filters.http.buffer'],
  'envoy.client_ssl_auth': ['envoy.filters.network.client_ssl_auth'],
  'envoy.cors': ['envoy.filters.http.cors'],
  'envoy.csrf': ['envoy.filters.http.csrf'],
  'envoy.ext_authz': ['envoy.filters.http.ext_authz', 'envoy.filters.network.ext_authz'],
  'envoy.fault': ['envoy.filters.http.fault'],
  'envoy.grpc_http1_bridge': ['envoy.filters.http.grpc_http1_bridge'],
  'envoy.grpc_json_transcoder': ['envoy.filters.http.grpc_json_transcoder'],
  'envoy.grpc_web': ['envoy.filters.http.grpc_web'],
  'envoy.gzip': ['envoy.filters.http.gzip'],
  'envoy.health_check': ['envoy.filters.http.health_check'],
  'envoy.http_connection_manager': [connectionManager],
  'envoy.http_dynamo_filter': ['envoy.filters.http.dynamo'],
  'envoy.ip_tagging': ['envoy.filters.http.ip_tagging'],
  'envoy.listener.http_inspector': ['envoy.filters.listener.http_inspector'],
  'envoy.listener.original_dst': ['envoy.filters.listener.original_dst'],
  'envoy.listener.original_src': ['envoy.filters.listener.original_src'],
  'envoy.listener.proxy_protocol': ['envoy.filters.listener.proxy_protocol'],
  'envoy.listener.tls_inspector': ['envoy.filters.listener.tls_inspector'],
  'envoy.lua': ['envoy.filters.http.lua'],
  'envoy.mongo_proxy': ['envoy.filters.network.mongo_proxy'],
  'envoy.rate_limit': ['envoy.filters.http.ratelimit'],
  'envoy.ratelimit': ['envoy.filters.network.ratelimit'],
  'envoy.redis_proxy': ['envoy.filters.network.redis_proxy'],
  'envoy.router': ['envoy.filters.http.router'],
  'envoy.squash': ['envoy.filters.http.squash'],
  'envoy.tcp_proxy': ['envoy.filters.network.tcp_proxy'],
};

function checkName(sink: ProblemSink, path: Path, name: string): void {
  const replacements = Object.hasOwn(newNames, name) ? newNames[name] : undefined;
  if (!replacements) return;
  const [only] = replacements.length === 1 ? replacements : [];
  sink.warning(path, `filter name "${name}" is deprecated; the name is now ${replacements.map((n) => `"${n}"`).join(' or ')}`, {
    fix: only === undefined ? undefined : { title: `rename the filter to "${only}"`, path: ['spec', ...path], target: 'value', text: only },
  });
}
