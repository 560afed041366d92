import { type Json, message, messages, number, text, texts, typeName } from './json.ts';
import { matchText } from './route-match.ts';

const blackHole = 'BlackHoleCluster';

/** What a network filter does with a connection. */
export type FilterKind = 'http' | 'tcp' | 'refuse' | 'other';

export function filterKind(filter: Json): FilterKind {
  const type = typeName(message(filter, 'typed_config'));
  const name = text(filter, 'name');
  if (type === 'HttpConnectionManager' || name === 'envoy.filters.network.http_connection_manager') return 'http';
  if (type !== 'TcpProxy' && name !== 'envoy.filters.network.tcp_proxy') return 'other';
  return text(message(filter, 'typed_config'), 'cluster') === blackHole ? 'refuse' : 'tcp';
}

/** Where a filter chain sends what it takes: routes, a cluster, or neither. */
export function destinationText(chain: Json): string {
  for (const filter of messages(chain, 'filters')) {
    const config = message(filter, 'typed_config');
    const kind = filterKind(filter);
    if (kind === 'http') return httpDestination(config);
    if (kind === 'tcp') return tcpDestination(config);
  }
  return 'Non-HTTP/Non-TCP';
}

function httpDestination(config: Json): string {
  const inline = message(config, 'route_config');
  if (Object.keys(inline).length > 0) return inlineRoutes(inline);
  const name = text(message(config, 'rds'), 'route_config_name');
  return name === '' ? 'HTTP' : `Route: ${name}`;
}

function tcpDestination(config: Json): string {
  const weighted = messages(message(config, 'weighted_clusters'), 'clusters');
  if (weighted.length > 0) return `Clusters: ${weighted.map((one) => `${text(one, 'name')} (${number(one, 'weight') ?? 0})`).join(', ')}`;
  return clusterText(text(config, 'cluster'));
}

/** The fixed clusters by their names alone. */
function clusterText(name: string): string {
  return name.includes('Cluster') ? name : `Cluster: ${name}`;
}

function inlineRoutes(config: Json): string {
  const hosts = messages(config, 'virtual_hosts');
  const only = onlyCluster(hosts);
  if (only !== undefined) return clusterText(only);
  const shown = hosts.map((host) => {
    const domains = texts(host, 'domains').join('/');
    const matches = messages(host, 'routes').map((route) => matchText(message(route, 'match')));
    return `${domains === '*' ? '' : `${domains} `}${matches.join(', ')}`;
  });
  return `Inline Route: ${shown.join('; ')}`;
}

/** The cluster that takes every request. */
function onlyCluster(hosts: readonly Json[]): string | undefined {
  const [host] = hosts;
  const routes = host ? messages(host, 'routes') : [];
  const [route] = routes;
  if (!host || !route || hosts.length > 1 || routes.length > 1 || texts(host, 'domains').join() !== '*') return undefined;
  const cluster = text(message(route, 'route'), 'cluster');
  return cluster !== '' && matchText(message(route, 'match')) === '/*' ? cluster : undefined;
}
