import { chainsOf } from '../../ir/listener.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { Credentials } from './credentials.ts';
import { downstreamSettings, isMesh } from './downstream-settings.ts';
import { upstreamSettings } from './upstream-settings.ts';

/** What of a table cannot be served for want of certificates: a line each. Those of the mesh are left out, which come in their own time. */
export function missingCertificates({ listeners, clusters, proxy, mesh }: RoutingTable, credentials: Credentials): string[] {
  const { namespace } = proxy;
  const trustDomains = [mesh.trustDomain];
  const lines = new Set<string>();
  for (const listener of listeners) {
    const { port, direction } = listener;
    for (const { tls } of chainsOf(listener)) {
      if (!tls || isMesh(tls) || downstreamSettings(tls, { credentials, direction, namespace, trustDomains })) continue;
      const what = tls.credentialName ? `the Secret ${tls.credentialName}` : (tls.certificateFile ?? 'its certificate');
      lines.add(`port ${port}: ${what} is missing or incomplete, and connections that need it fail`);
    }
  }
  for (const { tls, host } of clusters) {
    if ((tls.mode !== 'simple' && tls.mode !== 'mutual') || upstreamSettings(tls, { credentials, namespace })) continue;
    lines.add(`TLS to ${host}: ${tls.credentialName ? `the Secret ${tls.credentialName}` : 'a certificate'} is missing or incomplete, and connections fail`);
  }
  return [...lines];
}
