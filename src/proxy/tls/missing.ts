import { chainsOf } from '../../ir/listener.ts';
import type { Origin, RoutingTable } from '../../ir/table.ts';
import type { Credentials } from './credentials.ts';
import { downstreamSettings, isMesh } from './downstream-settings.ts';
import { upstreamSettings } from './upstream-settings.ts';

/**
 * What of a table cannot be served for want of certificates: a line each. Those of the mesh are left out, which come in their own time.
 *
 * @param placeOf where an object is, in words
 */
export function missingCertificates(
  { listeners, clusters, proxy, mesh }: RoutingTable,
  credentials: Credentials,
  placeOf: (origin: Origin) => string,
): string[] {
  const { namespace } = proxy;
  const trustDomains = [mesh.trustDomain];
  const lines = new Set<string>();
  const add = (origin: Origin | undefined, line: string): void => {
    lines.add(origin ? `${placeOf(origin)}: ${line}` : line);
  };
  for (const listener of listeners) {
    const { port, direction, origin } = listener;
    for (const { tls } of chainsOf(listener)) {
      if (!tls || isMesh(tls) || downstreamSettings(tls, { credentials, direction, namespace, trustDomains })) continue;
      const what = tls.credentialName ? `the Secret ${tls.credentialName}` : (tls.certificateFile ?? 'its certificate');
      add(origin, `port ${port}: ${what} is missing or incomplete, and connections that need it fail`);
    }
  }
  for (const { tls, host, rule, origins } of clusters) {
    if ((tls.mode !== 'simple' && tls.mode !== 'mutual') || upstreamSettings(tls, { credentials, namespace })) continue;
    const what = tls.credentialName ? `the Secret ${tls.credentialName}` : 'a certificate';
    add(rule ?? origins[0], `TLS to ${host}: ${what} is missing or incomplete, and connections fail`);
  }
  return [...lines];
}
