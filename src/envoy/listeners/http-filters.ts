import type { HttpFilter } from '../../ir/listener.ts';
import { defined, type JsonObject } from '../json.ts';
import type { ChainContext } from './filter-chain.ts';
import { httpSecurityFilters } from './security-filters.ts';

/**
 * The filters of requests, in the order in which they see a request; responses pass them the other way round (MAP-R14).
 *
 * 1. `grpc_web` first: all others see the call as gRPC.
 * 2. Who may not come in is told so before anything else is done (SEC-R7).
 * 3. `grpc_stats` before what can answer in the service's place, so that these answers are counted, too.
 * 4. `fault` before `cors`: a preflight is delayed and aborted as any other request.
 * 5. `cors` answers preflights, and adds to responses what allows them.
 * 6. `router` last: it sends the request on.
 *
 * `fault` and `cors` have nothing to do but for routes that say what.
 */
export function httpFilters({ grpcWeb, noProxyHeaders }: HttpFilter, context: ChainContext): JsonObject[] {
  return [
    ...(grpcWeb ? [httpFilter('grpc_web', 'grpc_web.v3.GrpcWeb')] : []),
    ...httpSecurityFilters(context),
    httpFilter('grpc_stats', 'grpc_stats.v3.FilterConfig', { emit_filter_state: true, stats_for_all_methods: false }),
    httpFilter('fault', 'fault.v3.HTTPFault'),
    httpFilter('cors', 'cors.v3.Cors'),
    httpFilter('router', 'router.v3.Router', defined({ suppress_envoy_headers: noProxyHeaders })),
  ];
}

function httpFilter(name: string, type: string, config: JsonObject = {}): JsonObject {
  return { name: `envoy.filters.http.${name}`, typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.http.${type}`, ...config } };
}
