import type { AuthorizationCondition, AuthorizationStages } from '../../ir/authorization.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';

const unread = ['WasmPlugin', 'Telemetry'] as const;

/**
 * What the manifests ask for and this proxy does not do: a line each, with what happens instead.
 *
 * @param meshTls whether it has an identity of the mesh
 */
export function notYet(mesh: Mesh, table: RoutingTable, meshTls: boolean): string[] {
  const out: string[] = [];
  out.push(...notYetOfTable(table, meshTls));
  const strict = mesh.list('PeerAuthentication').length;
  if (strict > 0 && table.proxy.role === 'sidecar' && !meshTls)
    out.push(`PeerAuthentication (${strict}): this proxy has no certificate of the mesh (--mtls); where it is STRICT, inbound connections fail`);
  for (const kind of unread) {
    const count = mesh.list(kind).length;
    if (count > 0) out.push(`${kind} (${count}) is not read`);
  }
  return out;
}

/** The same, as far as the routing table tells. */
export function notYetOfTable({ clusters, security }: RoutingTable, meshTls: boolean): string[] {
  const out: string[] = [];
  const unknown = rulesOnFilters(security?.authorization?.http);
  if (unknown.length > 0)
    out.push(`${unknown.join(', ')} ask for what Envoy's filters say (experimental.envoy.filters), which only Envoy knows: in doubt they deny`);
  const mutual = new Set(clusters.filter(({ tls }) => tls.mode === 'istio-mutual').map(({ host }) => host));
  if (mutual.size > 0 && !meshTls) {
    const hosts = `${[...mutual].slice(0, 5).join(', ')}${mutual.size > 5 ? ` and ${mutual.size - 5} more` : ''}`;
    out.push(`mTLS to ${hosts} needs a certificate of the mesh (--mtls), which this proxy does not have: requests go in plain text`);
  }
  return out;
}

/** Names of the rules that ask for it. */
function rulesOnFilters(stages: AuthorizationStages | undefined): string[] {
  if (!stages) return [];
  const all = [...stages.custom.flatMap(({ rules }) => rules), ...stages.audit, ...stages.deny, ...(stages.allow ?? [])];
  return all.filter(({ permissions, principals }) => [...permissions, ...principals].some(isOnFilters)).map(({ name }) => name);
}

function isOnFilters(condition: AuthorizationCondition): boolean {
  switch (condition.kind) {
    case 'metadata':
      return true;
    case 'not':
      return isOnFilters(condition.of);
    case 'all':
    case 'some':
      return condition.of.some(isOnFilters);
    default:
      return false;
  }
}
