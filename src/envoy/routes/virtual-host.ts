import type { VirtualHost } from '../../ir/route.ts';
import { defined, type JsonObject } from '../json.ts';
import { routeResource } from './route.ts';

/** Envoy refuses a domain with one; no request has such a host. */
function withoutLineBreaks(domain: string): string {
  return domain.replace(/[\0\r\n]/g, (character) => ` ${character.charCodeAt(0)} `);
}

/** An Envoy `VirtualHost`, as it stands in a route configuration and as it is discovered by itself. */
export function virtualHostResource({ name, domains, routes, includeAttemptCount, requireTls }: VirtualHost): JsonObject {
  return defined({
    name,
    domains: domains.map(withoutLineBreaks),
    routes: routes.map(routeResource),
    require_tls: requireTls ? 'ALL' : undefined,
    include_request_attempt_count: includeAttemptCount || undefined,
  });
}
