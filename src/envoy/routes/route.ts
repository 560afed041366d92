import type { Route, RouteAction } from '../../ir/route.ts';
import { defined, type JsonObject } from '../json.ts';
import { originMetadata } from '../origin-metadata.ts';
import { corsConfig } from './cors.ts';
import { directResponse } from './direct-response.ts';
import { faultConfig } from './fault.ts';
import { forwardAction } from './forward.ts';
import { headerMutations } from './header-mutations.ts';
import { routeMatch } from './match.ts';
import { redirectAction } from './redirect.ts';

/** An Envoy `Route`. */
export function routeResource(route: Route): JsonObject {
  const { name, match, action, headers, decorator, statPrefix, origin } = route;
  // Of a single destination the operations belong to the route, behind the route's own (RT-R32).
  const single = action.kind === 'forward' && action.clusters.length === 1 ? action.clusters[0]?.headers : undefined;
  return defined({
    name: name || undefined,
    match: routeMatch(match),
    ...actionField(action, match.path),
    ...headerMutations(headers, single),
    typed_per_filter_config: filterConfigs(route),
    decorator: decorator ? { operation: decorator } : undefined,
    stat_prefix: statPrefix || undefined,
    metadata: originMetadata(origin),
  });
}

function actionField(action: RouteAction, path: Route['match']['path']): JsonObject {
  switch (action.kind) {
    case 'forward':
      return { route: forwardAction(action, path) };
    case 'redirect':
      return { redirect: redirectAction(action, path) };
    case 'direct':
      return { direct_response: directResponse(action) };
  }
}

/** Faults are for every action, CORS is for requests that are forwarded (RT-R1). */
function filterConfigs({ fault, action }: Route): JsonObject | undefined {
  const cors = action.kind === 'forward' ? action.cors : undefined;
  if (!fault && !cors) return undefined;
  return defined({
    'envoy.filters.http.fault': fault && faultConfig(fault),
    'envoy.filters.http.cors': cors && corsConfig(cors),
  });
}
