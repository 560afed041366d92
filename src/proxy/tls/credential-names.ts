// What the certificates of a table are asked for by. Secrets are `NAMESPACE/NAME`; files have the names that the agent of Istio has
// for them.
import type { UpstreamTls } from '../../ir/cluster.ts';
import { chainsOf, type DownstreamTls } from '../../ir/listener.ts';
import type { RoutingTable } from '../../ir/table.ts';

/** The roots of the system. */
export const systemRoots = 'file-root:system';

const pairPrefix = 'file-cert:';
const rootsPrefix = 'file-root:';
const revokedPrefix = 'file-crl:';

export const pairName = (certificateFile: string, keyFile: string): string => `${pairPrefix}${certificateFile}~${keyFile}`;
export const rootsName = (file: string): string => `${rootsPrefix}${file}`;
export const revokedName = (file: string): string => `${revokedPrefix}${file}`;

/** Files behind a name; undefined: it is that of a Secret. */
export type NamedFiles = { kind: 'pair'; certificateFile: string; keyFile: string } | { kind: 'roots' | 'revoked'; file: string };

export function namedFiles(name: string): NamedFiles | undefined {
  if (name.startsWith(pairPrefix)) {
    const [certificateFile = '', keyFile = ''] = name.slice(pairPrefix.length).split('~');
    return { kind: 'pair', certificateFile, keyFile };
  }
  if (name.startsWith(rootsPrefix)) return { kind: 'roots', file: name.slice(rootsPrefix.length) };
  return name.startsWith(revokedPrefix) ? { kind: 'revoked', file: name.slice(revokedPrefix.length) } : undefined;
}

/** `kubernetes-gateway://NAMESPACE/NAME`, `kubernetes://NAME` and `NAME`, the last two of the namespace of the proxy. */
export function secretName(credential: string, namespace: string): string {
  const name = credential.replace(/^[a-z-]+:\/\//, '');
  return name.includes('/') ? name : `${namespace}/${name}`;
}

/** Where the roots of clients are when the Secret with the certificate has none (`ca.crt`). */
export const rootsOf = (secret: string): string => `${secret}-cacert`;

/** Everything that TLS of a table asks for by a name, once. */
export function credentialNames({ listeners, clusters, proxy }: Pick<RoutingTable, 'listeners' | 'clusters' | 'proxy'>): string[] {
  const names = new Set<string>();
  const add = (...found: (string | undefined)[]): void => {
    for (const name of found) if (name !== undefined) names.add(name);
  };
  for (const listener of listeners) {
    for (const { tls } of chainsOf(listener)) if (tls) add(...downstreamNames(tls, proxy.namespace));
  }
  for (const { tls } of clusters) add(...upstreamNames(tls, proxy.namespace));
  return [...names].sort();
}

function downstreamNames(tls: DownstreamTls, namespace: string): (string | undefined)[] {
  const { credentialName, moreCredentialNames = [], caCredentialName, certificateFile, keyFile, moreCertificates = [], caFile, crlFile } = tls;
  const secrets = [...(credentialName ? [credentialName] : []), ...moreCredentialNames].map((one) => secretName(one, namespace));
  return [
    ...secrets,
    ...secrets.slice(0, 1).map(rootsOf),
    caCredentialName && secretName(caCredentialName, namespace),
    certificateFile && keyFile ? pairName(certificateFile, keyFile) : undefined,
    ...moreCertificates.map((one) => pairName(one.certificateFile, one.keyFile)),
    caFile && rootsName(caFile),
    crlFile && revokedName(crlFile),
  ].map((name) => name || undefined);
}

function upstreamNames(
  { mode, credentialName, certificateFile, keyFile, caFile, crlFile, insecureSkipVerify }: UpstreamTls,
  namespace: string,
): (string | undefined)[] {
  if (mode !== 'simple' && mode !== 'mutual') return [];
  const revoked = crlFile ? revokedName(crlFile) : undefined;
  if (credentialName) {
    const secret = secretName(credentialName, namespace);
    return [secret, rootsOf(secret), revoked];
  }
  const own = mode === 'mutual' && certificateFile && keyFile ? pairName(certificateFile, keyFile) : undefined;
  return [own, insecureSkipVerify ? undefined : caFile ? rootsName(caFile) : systemRoots, revoked];
}
