import type { FilterChain, Listener } from '../ir/listener.ts';
import type { RouteConfig } from '../ir/route.ts';
import type { Origin } from '../ir/table.ts';
import type { StatusReason } from './statuses.ts';
import type { Translation } from './translation.ts';

/** Destinations that the proxy has no cluster for (RT-R5). */
export function reportMissingClusters(
  translation: Translation,
  routes: readonly RouteConfig[],
  listeners: readonly Listener[],
  clusters: ReadonlySet<string>,
): void {
  const check = (cluster: string, origin: Origin | undefined): void => {
    if (!origin || clusters.has(cluster)) return;
    const { reason, message } = explain(translation, cluster);
    translation.statuses.add(ruleOf(origin), reason, message);
  };
  for (const { virtualHosts } of routes) {
    for (const host of virtualHosts) {
      for (const { action, origin } of host.routes) {
        if (action.kind !== 'forward') continue;
        for (const { cluster } of action.clusters) check(cluster, origin);
        for (const { cluster } of action.mirrors) check(cluster, origin);
      }
    }
  }
  const chains = (listener: Listener): FilterChain[] => [...listener.chains, ...(listener.defaultChain ? [listener.defaultChain] : [])];
  for (const { filter } of listeners.flatMap(chains)) if (filter.kind === 'tcp') for (const { cluster } of filter.clusters) check(cluster, filter.origin);
}

/** The rule of a match: its destinations are those of the rule. */
function ruleOf(origin: Origin): Origin {
  const at = origin.path.indexOf('match');
  return at < 0 ? origin : { ...origin, path: origin.path.slice(0, at) };
}

function explain(translation: Translation, cluster: string): { reason: StatusReason; message: string } {
  const [, port = '', subset = '', host = ''] = cluster.split('|');
  const service = translation.serviceOf(host);
  if (!service) return { reason: 'unknown-host', message: `the proxy knows no service ${host}` };
  if (!service.ports.some(({ number }) => String(number) === port)) return { reason: 'unknown-port', message: `${host} has no port ${port}` };
  if (subset === '') return { reason: 'unsupported', message: `there is no cluster for port ${port} of ${host}` };
  return { reason: 'unknown-subset', message: `no destination rule that the proxy uses has subset ${subset} of ${host}` };
}
