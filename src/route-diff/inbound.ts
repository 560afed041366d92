// What two meshes make of connections to a workload.
import { chainsOf, type Listener } from '../ir/listener.ts';
import { tableProvenance } from '../ir/provenance.ts';
import type { ProxyIdentity } from '../ir/table.ts';
import type { Mesh } from '../model/mesh.ts';
import { type InboundTraffic, inboundFor } from '../translate/clusters/inbound.ts';
import { stableJson } from './canonical.ts';
import { clusterFacts } from './cluster-facts.ts';
import { allOf, differences, type Fact, leafText, leavesOf } from './facts.ts';
import { retryText } from './route-facts.ts';
import type { TableChange } from './tables.ts';

type InboundChange = Omit<TableChange, 'subject'>;

interface Sides {
  mesh: Mesh;
  proxy: ProxyIdentity;
}

/** By port; without a subject. */
export function compareInbound(old: Sides, now: Sides): InboundChange[] {
  const [before, after] = [inboundFor(old.mesh, old.proxy), inboundFor(now.mesh, now.proxy)];
  if (stableJson(before) === stableJson(after)) return [];
  const [ports, newPorts] = [portsOf(before), portsOf(after)];
  return [...new Set([...ports.keys(), ...newPorts.keys()])].flatMap((port): InboundChange[] => {
    const [was, is] = [ports.get(port), newPorts.get(port)];
    const place = port === 0 ? 'other ports' : `port ${port}`;
    if (was && is) {
      const fields = differences(was, is);
      return fields.length > 0 ? [{ mark: 'changed', place, fields, at: {} }] : [];
    }
    const essence = (was ?? is ?? []).filter(({ field }) => field === 'mTLS' || field === 'traffic');
    return [{ mark: is ? 'added' : 'removed', place, fields: allOf(essence, is ? 'new' : 'old'), at: {} }];
  });
}

/** Facts by port of the workload; 0 for all that have none of their own. */
function portsOf({ listeners, routes, clusters }: InboundTraffic): Map<number, Fact[]> {
  const ports = new Map<number, Fact[]>();
  const add = (port: number, facts: readonly Fact[]): void => void ports.set(port, [...(ports.get(port) ?? []), ...facts]);
  const own = new Set(listeners.filter(({ name }) => name === 'virtualInbound').map(({ port }) => port));
  for (const listener of listeners) {
    for (const [port, chains] of Map.groupBy(chainsOf(listener), ({ match }) => match.destinationPort ?? (own.has(listener.port) ? 0 : listener.port))) {
      // Nobody has a business at the port of the listener itself.
      if (!own.has(port)) add(port, chainFacts(chains));
    }
  }
  for (const cluster of clusters) if (cluster.direction === 'inbound') add(portIn(cluster.name), clusterFacts(cluster, tableProvenance).map(plain));
  for (const config of routes) {
    for (const { action } of config.virtualHosts.flatMap((host) => host.routes)) {
      if (action.kind === 'forward')
        add(portIn(config.name), [{ field: 'retries', text: action.retry ? retryText(action.retry) : 'none', value: action.retry ?? null }]);
    }
  }
  return ports;
}

/** `inbound|8080||` → 8080; 0 for what takes all other ports. */
function portIn(name: string): number {
  return Number(/^inbound\|(\d+)\|/.exec(name)?.[1] ?? 0);
}

/** Inbound clusters are of no destination rule that a user would look for. */
function plain({ field, text, value }: Fact): Fact {
  return { field, text, value };
}

function chainFacts(chains: Listener['chains']): Fact[] {
  const mutual = chains.some(({ tls }) => tls?.mode === 'ISTIO_MUTUAL');
  const open = chains.some(({ tls }) => tls === undefined);
  const mode = mutual ? (open ? 'PERMISSIVE' : 'STRICT') : chains.every(({ tls }) => tls) ? 'its own TLS' : 'DISABLE';
  const kinds = [...new Set(chains.map(({ filter }) => filter.kind))].sort();
  const protocol = kinds.length > 1 ? 'detected' : (kinds[0] ?? 'none');
  const facts: Fact[] = [
    { field: 'mTLS', text: mode, value: mode },
    { field: 'traffic', text: protocol, value: protocol },
  ];
  const http = chains.find(({ filter }) => filter.kind === 'http')?.filter;
  if (http?.kind === 'http') {
    const { kind: _, routes: __, ...settings } = http;
    for (const [path, value] of leavesOf(settings)) facts.push({ field: path.replace(/Ms$/, ''), text: leafText(path, value), value });
  }
  const ended = chains.find(({ tls }) => tls)?.tls;
  if (ended) {
    for (const [path, value] of leavesOf(ended))
      if (path !== 'mode' && path !== 'alpn') facts.push({ field: `TLS ${path}`, text: leafText(path, value), value });
  }
  return facts;
}
