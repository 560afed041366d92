import type { AuthorizationStages } from '../../ir/authorization.ts';
import type { RoutingTable, Security } from '../../ir/table.ts';
import { statsFilter } from '../telemetry/stats-matcher.ts';
import { type AdminReply, type AdminRequest, text } from './http-server.ts';
import type { TableInfo } from './state.ts';

/** Names of `?resource=`; those that Envoy has for the same are understood, too. */
const resources = {
  listeners: ['listeners', 'dynamic_listeners', 'static_listeners'],
  routes: ['routes', 'dynamic_route_configs', 'static_route_configs'],
  clusters: ['clusters', 'dynamic_active_clusters', 'static_clusters'],
} as const;
type Resource = keyof typeof resources;

interface Named {
  name: string;
}

const kinds: Readonly<Record<Resource, { all: string; one: string }>> = {
  listeners: { all: 'ListenersConfigDump', one: 'Listener' },
  routes: { all: 'RoutesConfigDump', one: 'RouteConfig' },
  clusters: { all: 'ClustersConfigDump', one: 'Cluster' },
};

/**
 * The routing table in force: `{"configs":[{"kind":"ProxyConfigDump","version",…,"proxy","mesh","security","statuses"},
 * {"kind":"ListenersConfigDump","listeners":[…]},{"kind":"RoutesConfigDump","routes":[…]},{"kind":"ClustersConfigDump","clusters":[…]}]}`,
 * or the items of one resource alone: `{"configs":[{"kind":"Cluster",…},…]}`.
 */
export function configDump(request: AdminRequest, table: RoutingTable | undefined, info: TableInfo): AdminReply {
  const wanted = request.query.get('resource');
  const resource = (Object.keys(resources) as Resource[]).find((name) => (resources[name] as readonly string[]).includes(wanted ?? ''));
  if (wanted !== null && !resource) return text(`${wanted} not found in config dump: one of ${Object.keys(resources).join(', ')}\n`, 404);
  if (request.query.has('mask')) return text('mask is not supported: use resource and name_regex\n', 400);
  const expression = request.query.get('name_regex');
  const keep = expression === null ? undefined : statsFilter(expression);
  if (expression !== null && !keep) return text(`Error while parsing name_regex: "${expression}" is no RE2 expression\n`, 400);
  const named = (items: readonly Named[]): readonly Named[] => (keep ? items.filter(({ name }) => keep(name)) : items);
  const body = resource ? items(named(table?.[resource] ?? []), kinds[resource].one) : sections(table, info, named);
  return { status: 200, type: 'application/json', body };
}

function* sections(table: RoutingTable | undefined, info: TableInfo, named: (items: readonly Named[]) => readonly Named[]): Generator<string> {
  const { proxy, mesh, statuses } = table ?? { proxy: undefined, mesh: undefined, statuses: [] };
  const security = table && toldSecurity(table);
  yield `{"configs":[\n${JSON.stringify({ kind: 'ProxyConfigDump', ...info, proxy, mesh, security, statuses }, null, 1)}`;
  for (const resource of Object.keys(resources) as Resource[]) {
    yield `,\n{"kind":"${kinds[resource].all}","${resource}":[`;
    yield* separated(named(table?.[resource] ?? []));
    yield ']}';
  }
  yield '\n]}\n';
}

/** The policies in force. Keys of tokens, and headers that providers get, may be secret. */
function toldSecurity({ security }: RoutingTable): Security | undefined {
  const { authorization } = security ?? {};
  if (!authorization) return undefined;
  const told = (stages: AuthorizationStages): AuthorizationStages => ({
    ...stages,
    custom: stages.custom.map((one) => (one.authorizer ? { ...one, authorizer: { ...one.authorizer, additionalHeaders: [] } } : one)),
  });
  return { authorization: { http: told(authorization.http), tcp: told(authorization.tcp) } };
}

function* items(list: readonly Named[], kind: string): Generator<string> {
  yield '{"configs":[';
  yield* separated(list.map((item) => ({ kind, ...item })));
  yield ']}\n';
}

function* separated(list: readonly unknown[]): Generator<string> {
  let first = true;
  for (const item of list) {
    yield `${first ? '\n' : ',\n'}${JSON.stringify(item, null, 1)}`;
    first = false;
  }
}
