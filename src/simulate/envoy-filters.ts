// Which EnvoyFilters may change what becomes of a request.
import type { EnvoyPatch } from '../ir/envoy-patch.ts';
import type { RoutingTable } from '../ir/table.ts';
import type { EnvoyFilterTouch } from './simulation.ts';

/** What of the table the request meets. */
export interface Met {
  listener: { name: string; port: number; bind: boolean } | undefined;
  /** Undefined: it is no HTTP. */
  routes: string | undefined;
  virtualHost: string | undefined;
  route: string | undefined;
  clusters: readonly { cluster: string; host: string; subset: string; port: number }[];
}

/** Patches whose conditions do not leave out what the request meets. */
export function touchingFilters({ envoyPatches, proxy }: RoutingTable, met: Met): EnvoyFilterTouch[] {
  if (envoyPatches.length === 0) return [];
  const context = proxy.role === 'gateway' ? 'GATEWAY' : 'SIDECAR_OUTBOUND';
  return envoyPatches
    .filter((patch) => (patch.context === 'ANY' || patch.context === context) && touches(patch, met))
    .map(({ origin, applyTo, operation }) => ({ origin, applyTo, operation }));
}

function touches({ applyTo, match }: EnvoyPatch, met: Met): boolean {
  switch (applyTo) {
    case 'BOOTSTRAP':
      return false;
    case 'EXTENSION_CONFIG':
      return true;
    case 'CLUSTER':
      return met.clusters.some((cluster) => isCluster(match.cluster, cluster));
    case 'ROUTE_CONFIGURATION':
    case 'VIRTUAL_HOST':
    case 'HTTP_ROUTE':
      return met.routes !== undefined && isRoute(match.routeConfiguration, met);
    case 'HTTP_FILTER':
      return met.routes !== undefined && isListener(match.listener, met);
    default:
      return isListener(match.listener, met);
  }
}

/** A condition that is not there holds. */
const holds = <T>(wanted: T | undefined, has: T | undefined): boolean => wanted === undefined || wanted === '' || wanted === 0 || wanted === has;

function isListener(wanted: EnvoyPatch['match']['listener'], { listener }: Met): boolean {
  if (!listener) return false;
  // There the port is that of a filter chain.
  const port = listener.name === 'virtualOutbound' ? wanted?.portNumber : listener.port;
  return holds(wanted?.name, listener.name) && holds(wanted?.portNumber, port);
}

function isCluster(wanted: EnvoyPatch['match']['cluster'], { cluster: name, host, subset, port }: Met['clusters'][number]): boolean {
  if (!wanted) return true;
  if (wanted.name) return wanted.name === name;
  return holds(wanted.service, host) && holds(wanted.subset, subset) && holds(wanted.portNumber, port);
}

function isRoute(wanted: EnvoyPatch['match']['routeConfiguration'], { routes, virtualHost, route, listener }: Met): boolean {
  if (!wanted) return true;
  const { vhost } = wanted;
  // At gateways the port is that of the server, which a Service may send to another.
  const port = listener?.bind ? wanted.portNumber : listener?.port;
  return holds(wanted.name, routes) && holds(wanted.portNumber, port) && holds(vhost?.name, virtualHost) && holds(vhost?.route?.name, route);
}
