import type { ForwardAction, RouteCluster } from '../../ir/route.ts';
import type { PathMatcher } from '../../ir/route-match.ts';
import { duration, type JsonObject } from '../json.ts';
import { hashPolicy } from './hash-policy.ts';
import { headerMutations } from './header-mutations.ts';
import { mirrorPolicy } from './mirrors.ts';
import { pathRewrite } from './path-rewrite.ts';
import { retryPolicy } from './retry.ts';

/** Weights of one route must not add up to more. */
const greatestSum = 4_294_967_295;

/** An Envoy `RouteAction` (MAP-R26 to MAP-R33, MAP-R39). Header operations of a single cluster are those of its route. */
export function forwardAction(action: ForwardAction, path: PathMatcher | undefined): JsonObject {
  const { clusters, rewrite, authority, appendForwardedHost, retry, mirrors, hash, missingClusterStatus } = action;
  const host = authority ?? (clusters.length === 1 ? clusters[0]?.authority : undefined);
  return {
    ...target(clusters),
    ...(missingClusterStatus === 500 ? { cluster_not_found_response_code: 'INTERNAL_SERVER_ERROR' } : {}),
    ...(rewrite ? pathRewrite(rewrite, path) : {}),
    ...(host ? { host_rewrite_literal: host, ...(appendForwardedHost ? { append_x_forwarded_host: true } : {}) } : {}),
    ...timeouts(action),
    ...(retry ? { retry_policy: retryPolicy(retry) } : {}),
    ...(mirrors.length > 0 ? { request_mirror_policies: mirrors.map(mirrorPolicy) } : {}),
    ...(hash.length > 0 ? { hash_policy: hash.map(hashPolicy) } : {}),
  };
}

function target(clusters: readonly RouteCluster[]): JsonObject {
  const [only] = clusters;
  if (clusters.length === 1 && only) return { cluster: only.cluster };
  const weights = fitting(clusters.map(({ weight }) => weight));
  return { weighted_clusters: { clusters: clusters.map((cluster, i) => weighted(cluster, weights[i] ?? 0)) } };
}

/** Weights in the same proportions whose sum Envoy takes; without any the first gets everything. */
function fitting(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (sum === 0) return weights.map((_, i) => (i === 0 ? 1 : 0));
  const scale = sum > greatestSum ? (greatestSum - weights.length) / sum : 1;
  return weights.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.floor(weight * scale))));
}

function weighted({ cluster, authority, headers }: RouteCluster, weight: number): JsonObject {
  return { name: cluster, weight, ...headerMutations(headers), ...(authority ? { host_rewrite_literal: authority } : {}) };
}

/** MAP-R28, MAP-R66 */
function timeouts({ timeoutMs, maxGrpcTimeoutMs, maxStreamDurationFromGrpcTimeout }: ForwardAction): JsonObject {
  return {
    timeout: duration(timeoutMs),
    ...(maxGrpcTimeoutMs === undefined ? {} : { max_grpc_timeout: duration(maxGrpcTimeoutMs) }),
    ...(maxStreamDurationFromGrpcTimeout ? { max_stream_duration: { max_stream_duration: duration(0), grpc_timeout_header_max: duration(0) } } : {}),
  };
}
