import type { Style } from '../../analysis/report/style.ts';
import { blackHoleCluster, type Cluster, passthroughCluster } from '../../ir/cluster.ts';
import { chainsOf, type Listener } from '../../ir/listener.ts';
import type { RouteConfig, VirtualHost } from '../../ir/route.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { ProxyFlags } from './flags.ts';
import { actionText, clusterText, endpointsText, matchText, missingText, shortHost } from './route-text.ts';
import type { ProxyPorts } from './settings.ts';

/** More than these of each are counted only. */
const most = { hosts: 8, routes: 6, endpoints: 4 };

export interface SummaryContext {
  ports: ProxyPorts;
  flags: Pick<ProxyFlags, 'bind' | 'capture' | 'filename' | 'watch' | 'xdsAddress'>;
}

/** What a proxy serves, in a few numbers. */
export function describeTable(table: RoutingTable, outboundPort: number, flags: Pick<ProxyFlags, 'bind' | 'capture'>): Record<string, unknown> {
  const { role } = table.proxy;
  const routes = table.routes.reduce((sum, config) => sum + config.virtualHosts.reduce((n, host) => n + host.routes.length, 0), 0);
  return {
    proxy: proxyName(table),
    ...(role === 'sidecar' && !flags.capture ? { outbound: `${flags.bind}:${outboundPort}` } : {}),
    listeners: table.listeners.length,
    routes,
    clusters: table.clusters.length,
  };
}

/** For a person at a terminal: which service goes where, a request to try, and where to look. */
export function startSummary(table: RoutingTable, context: SummaryContext, style: Style): string {
  const served = servedHosts(table);
  const { filename = [], watch, xdsAddress } = context.flags;
  const from = xdsAddress ?? filename.join(', ');
  const lines = [`${style.strong(`weft proxy: ${proxyTitle(table)}`)}${from === '' ? '' : ` from ${from}`}`, ''];
  for (const host of served.slice(0, most.hosts)) lines.push(...hostLines(host, table, style));
  if (served.length > most.hosts) lines.push(`  … and ${served.length - most.hosts} more`);
  if (served.length === 0 && table.proxy.role === 'sidecar') lines.push('  No HTTP service: whatever is asked for goes where its Host header says.');
  if (table.proxy.role === 'gateway') lines.push(...tcpLines(table, style));
  const others = tcpOnly(table);
  if (others > 0 && !context.flags.capture && table.proxy.role === 'sidecar') {
    lines.push(`  ${others} TCP or TLS listener${others === 1 ? '' : 's'}: only with --capture, since such connections have no Host header.`);
  }
  lines.push(
    '',
    ...placesToGo(
      served.find(({ tls }) => !tls),
      table,
      context,
      style,
    ),
    '',
  );
  const changes = xdsAddress !== undefined ? ' Changes come from the control plane.' : watch ? ' Changes of the manifests are taken as they come.' : '';
  lines.push(`Serving.${changes} Ctrl-C ends it.`);
  return `${lines.join('\n')}\n`;
}

function proxyName({ proxy: { role, namespace, name } }: RoutingTable): string {
  return `${role} ${namespace}${name === '' ? '' : `/${name}`}`;
}

function proxyTitle({ proxy: { role, namespace, name } }: RoutingTable): string {
  return `${role} ${name === '' ? `of namespace ${namespace}` : `${namespace}/${name}`}`;
}

interface ServedHost {
  host: VirtualHost;
  /** Port that clients name. */
  port: number;
  /** As clients of the proxy's namespace say it; undefined: any host. */
  name: string | undefined;
  /** Full name, as clusters have it. */
  full: string;
  /** Its listener terminates TLS. */
  tls: boolean;
}

/** What outbound HTTP listeners route, except for what no service takes. */
function servedHosts({ listeners, routes, proxy }: RoutingTable): ServedHost[] {
  const configs = new Map(routes.map((config) => [config.name, config]));
  const out = new Map<VirtualHost, ServedHost>();
  for (const { direction, port, ...listener } of listeners) {
    if (direction !== 'outbound') continue;
    for (const { config, tls } of configsOf(listener, configs)) {
      for (const host of config.virtualHosts) {
        if (out.has(host) || host.name === 'allow_any' || host.name === 'block_all' || host.routes.length === 0) continue;
        const full = host.domains.includes('*') ? config.name.replace(/:\d+$/, '') : (host.domains[0] ?? '');
        const any = host.domains.includes('*') && !config.name.includes(':');
        out.set(host, { host, port, full, tls, name: any ? undefined : shortHost(full, proxy.namespace) });
      }
    }
  }
  return [...out.values()];
}

function configsOf(listener: Pick<Listener, 'chains' | 'defaultChain'>, configs: ReadonlyMap<string, RouteConfig>): { config: RouteConfig; tls: boolean }[] {
  return chainsOf(listener).flatMap(({ filter, tls }) => {
    const config = filter.kind === 'http' ? configs.get(filter.routes) : undefined;
    return config ? [{ config, tls: tls !== undefined }] : [];
  });
}

function tcpOnly({ listeners }: RoutingTable): number {
  const own = (listener: Listener): boolean =>
    listener.direction === 'outbound' && !listener.bind && chainsOf(listener).every(({ filter }) => filter.kind === 'tcp');
  return listeners.filter(own).length;
}

/** TCP and TLS ports of a gateway. */
function tcpLines({ listeners, clusters, proxy }: RoutingTable, style: Style): string[] {
  const byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  return listeners
    .filter(({ direction }) => direction === 'outbound')
    .flatMap((listener) =>
      chainsOf(listener).flatMap(({ filter, match }) => {
        if (filter.kind !== 'tcp') return [];
        const to = filter.clusters.map(({ cluster }) => {
          const own = byName.get(cluster);
          return own ? clusterText(own, { host: '', port: 0 }, proxy.namespace) : missingText(cluster, proxy.namespace);
        });
        const names = match.serverNames && match.serverNames.length > 0 ? ` for ${match.serverNames.join(', ')}` : '';
        return [`  ${style.strong(`port ${listener.port}`)}, TCP${names} ${style.dim('→')} ${to.join(', ')}`];
      }),
    );
}

function hostLines(served: ServedHost, table: RoutingTable, style: Style): string[] {
  const { host, name, port } = served;
  const byName = new Map(table.clusters.map((cluster) => [cluster.name, cluster]));
  const title = `${style.strong(`${name ?? 'any host'}:${port}`)}${served.tls ? ' (TLS)' : ''}`;
  const used = [
    ...new Set(host.routes.flatMap(({ action }) => (action.kind === 'forward' ? [...action.clusters, ...action.mirrors].map((to) => to.cluster) : []))),
  ];
  const [route] = host.routes;
  const plain = host.routes.length === 1 && used.length === 1 && route?.action.kind === 'forward' && matchText(route.match) === 'every request' && !route.fault;
  const clusters = used.map((own) => byName.get(own) ?? own);
  const [only] = clusters;
  if (plain && typeof only === 'object' && only.host === served.full && only.subset === '')
    return [`  ${title} ${style.dim('→')} ${target(only, table, style)}`];
  const nameOf = (cluster: string): string => nameIn(byName.get(cluster) ?? cluster, served, table);
  const rows: [string, string][] = host.routes.slice(0, most.routes).map((own) => [matchText(own.match), actionText(own, nameOf)]);
  const widest = Math.min(40, Math.max(...rows.map(([match]) => match.length)));
  const names = clusters
    .map((cluster) => [nameIn(cluster, served, table), cluster] as const)
    .filter(([, cluster]) => typeof cluster === 'string' || cluster.host !== '');
  const widestName = Math.max(0, ...names.map(([own]) => own.length));
  return [
    `  ${title}`,
    ...rows.map(([match, action]) => `    ${match.padEnd(widest)} ${style.dim('→')} ${action}`),
    ...(host.routes.length > most.routes ? [`    … and ${host.routes.length - most.routes} more routes`] : []),
    ...names.map(([own, cluster]) => `    ${style.dim('at')} ${own.padEnd(widestName)}  ${target(cluster, table, style)}`),
  ];
}

function nameIn(cluster: Cluster | string, { full, port }: ServedHost, table: RoutingTable): string {
  return typeof cluster === 'string' ? missingText(cluster, table.proxy.namespace) : clusterText(cluster, { host: full, port }, table.proxy.namespace);
}

/** The endpoints of a cluster, or what to do where it has none. */
function target(cluster: Cluster | string, { proxy }: RoutingTable, style: Style): string {
  if (typeof cluster === 'string') return style.warning('does not exist: 503');
  if (cluster.name === passthroughCluster) return 'where the Host header says';
  if (cluster.name === blackHoleCluster) return 'nowhere: 502';
  if (cluster.discovery === 'original-destination') return 'where the connection was meant to go';
  const endpoints = endpointsText(cluster, most.endpoints);
  if (endpoints !== '') return endpoints;
  const service = `${shortHost(cluster.host, proxy.namespace)}${cluster.subset === '' ? '' : `/${cluster.subset}`}`;
  return style.warning(`no endpoint: 503 (serve it from here with --map ${service}=127.0.0.1:PORT)`);
}

/** A request to copy, and the pages of the administration. */
function placesToGo(first: ServedHost | undefined, table: RoutingTable, { ports, flags: { bind, capture } }: SummaryContext, style: Style): string[] {
  const rows: [string, string][] = [];
  const gateway = table.proxy.role === 'gateway';
  if (gateway || capture || ports.outbound > 0) {
    const address = bind === '*' || bind === '0.0.0.0' || bind === '::' ? '127.0.0.1' : bind.includes(':') ? `[${bind}]` : bind;
    const name = first?.name?.replace(/^\*\./, 'any.');
    const host = name === undefined ? '' : `-H 'Host: ${name}${gateway || first?.port === 80 ? '' : `:${first?.port}`}' `;
    if (first && capture && !gateway) rows.push(['try', `curl http://${name}:${first.port}/  (from the captured application)`]);
    else if (first) rows.push(['try', `curl ${host}http://${address}:${gateway ? first.port : ports.outbound}/`]);
    else if (!gateway && !capture) rows.push(['try', `curl -x http://${address}:${ports.outbound} http://example.com/`]);
  }
  if (ports.admin > 0) rows.push(['admin', `http://127.0.0.1:${ports.admin}/`]);
  if (ports.stats > 0) rows.push(['metrics', `http://127.0.0.1:${ports.stats}/stats/prometheus`]);
  if (ports.health > 0) rows.push(['ready', `http://127.0.0.1:${ports.health}/healthz/ready`]);
  return rows.map(([name, text]) => `  ${name.padEnd(8)} ${name === 'try' ? text : style.link(text)}`);
}
