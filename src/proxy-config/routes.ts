import { type Json, message, messages, text, texts } from './json.ts';
import { provenance } from './provenance.ts';
import { matchText } from './route-match.ts';
import { compareText, type Table } from './table.ts';

export interface RouteFilter {
  /** Of the route configuration. */
  name?: string;
}

/** Those that match: by port where the name is one, then the others by name. */
export function selectRoutes(routes: readonly Json[], { name }: RouteFilter): Json[] {
  return routes
    .filter((config) => name === undefined || text(config, 'name') === name)
    .sort((a, b) => {
      const [one, other] = [text(a, 'name'), text(b, 'name')];
      const [port, otherPort] = [/^\d+$/.test(one) ? Number(one) : Number.POSITIVE_INFINITY, /^\d+$/.test(other) ? Number(other) : Number.POSITIVE_INFINITY];
      if (port !== otherPort) return port - otherPort;
      return compareText(one, other);
    });
}

/** @param verbose a row for each route; else for each configuration, with the number of its virtual hosts */
export function routeTable(routes: readonly Json[], verbose: boolean): Table {
  if (!verbose)
    return { titles: ['NAME', 'VIRTUAL HOSTS'], rows: routes.map((config) => [text(config, 'name'), String(messages(config, 'virtual_hosts').length)]) };
  return {
    titles: ['NAME', 'VHOST NAME', 'DOMAINS', 'MATCH', 'VIRTUAL SERVICE'],
    rows: routes.flatMap((config) => messages(config, 'virtual_hosts').flatMap((host) => hostRows(text(config, 'name'), host))),
  };
}

function hostRows(config: string, host: Json): string[][] {
  const routes = messages(host, 'routes');
  const row = [config, text(host, 'name'), domainsText(texts(host, 'domains'))];
  if (routes.length === 0) return [[...row, '/*', '404']];
  // What goes on to where the client wanted is in every table, and says nothing.
  return routes
    .filter((route) => text(message(route, 'route'), 'cluster') !== 'PassthroughCluster')
    .map((route) => [...row, matchText(message(route, 'match')), provenance(route)]);
}

/** Of these at most are shown. */
const most = 2;

/** Names without ports, without the longer forms of names that are there in a shorter one: `cart, cart.shop + 1 more...`. */
export function domainsText(domains: readonly string[]): string {
  if (domains.length < 2) return domains[0] ?? '';
  const bare = domains.filter((domain) => (domain.startsWith('[') ? domain.endsWith(']') : !domain.includes(':')));
  const all = new Set(bare);
  const shortest = bare.filter((domain) => !['.', '.svc.cluster.local', '.svc'].some((end) => domain.endsWith(end) && all.has(domain.slice(0, -end.length))));
  const shown = shortest.slice(0, most).join(', ');
  return shortest.length > most ? `${shown} + ${shortest.length - most} more...` : shown;
}
