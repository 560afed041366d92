// How requests come in from outside.
import type { IngressPath, IngressSection } from '../../describe/description.ts';
import { type About, hostLines, tcpLines } from './host-lines.ts';
import type { Lines } from './lines.ts';

export function ingressLines(lines: Lines, { gateways, paths }: IngressSection, about: About): void {
  if (paths.length === 0) {
    if (gateways === 0) {
      lines.rule();
      lines.add('Skipping Gateway information (no ingress gateway pods)');
    }
    return;
  }
  for (const path of paths) {
    lines.rule();
    for (const address of addressesOf(path)) lines.add(`Exposed on Ingress Gateway ${address}`);
    const { gateway, workload, host, tls, tlsRedirect } = path;
    const runs = workload ? `, run by ${workload.kind.toLowerCase()} ${lines.name(workload)}` : ', which nothing in the input runs';
    lines.add(`   Gateway: ${lines.name(gateway)}${runs}`, { place: lines.place(gateway) });
    if (host) lines.add(`   Hosts: ${host.domains.join(', ')}`);
    if (tls) {
      const names = host || tls.serverNames.length === 0 ? '' : `, server names ${tls.serverNames.join(', ')}`;
      const credential = tls.credentialName ? `, credential ${tls.credentialName}${tls.credentialFound ? ' (there)' : ''}` : '';
      lines.add(`   TLS: ${tls.mode}${credential}${names}`);
      if (tls.minVersion !== undefined) lines.add(`   TLS versions: ${tls.minVersion} and above`);
    }
    if (tlsRedirect) lines.add('   Plain requests are redirected to https');
    if (host) hostLines(lines, host, about);
    if (path.tcp) tcpLines(lines, path.tcp, about);
  }
}

const usual = { http: 80, https: 443, tls: 443, tcp: 0 } as const;

function addressesOf({ addresses, protocol, port }: IngressPath): string[] {
  if (addresses.length === 0) return [`${protocol}://unknown:${port}`];
  return addresses.map(({ address, port: own }) => {
    const name = address === '' ? 'unknown' : address.includes(':') ? `[${address}]` : address;
    return `${protocol}://${name}${own === usual[protocol] ? '' : `:${own}`}`;
  });
}
