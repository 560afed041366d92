import type { RoutingTable } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';

/** Decide who may do what, and are not asked. */
const security = ['AuthorizationPolicy'] as const;
const unread = ['WasmPlugin', 'Telemetry'] as const;

/** What the manifests ask for and this proxy does not do: a line each, with what happens instead. */
export function notYet(mesh: Mesh, table: RoutingTable): string[] {
  const out: string[] = [];
  for (const kind of security) {
    const count = mesh.list(kind).length;
    if (count > 0) out.push(`${kind} (${count}) is not enforced yet: what it denies goes through`);
  }
  out.push(...notYetOfTable(table));
  const strict = mesh.list('PeerAuthentication').length;
  if (strict > 0 && table.proxy.role === 'sidecar')
    out.push(`PeerAuthentication (${strict}): this proxy takes no mTLS yet; where it is STRICT, inbound connections fail`);
  for (const kind of unread) {
    const count = mesh.list(kind).length;
    if (count > 0) out.push(`${kind} (${count}) is not read`);
  }
  return out;
}

/** The same, as far as the routing table tells. */
export function notYetOfTable({ listeners, clusters, proxy }: RoutingTable): string[] {
  const out: string[] = [];
  for (const { name, port, chains } of proxy.role === 'gateway' ? listeners : []) {
    if (chains.some(({ tls }) => tls)) out.push(`listener ${name} terminates TLS, which is not there yet: connections to port ${port} fail`);
  }
  const mutual = new Set(clusters.filter(({ tls }) => tls.mode === 'mutual' || tls.mode === 'istio-mutual').map(({ host }) => host));
  if (mutual.size > 0) {
    out.push(
      `mTLS to ${[...mutual].slice(0, 5).join(', ')}${mutual.size > 5 ? ` and ${mutual.size - 5} more` : ''} is not there yet: requests go in plain text`,
    );
  }
  return out;
}
