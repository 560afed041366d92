// What Secrets of Kubernetes have for TLS, by the keys that the reference knows.
import type { NamedCredentials } from './credentials.ts';
import { pairProblem, revokedProblem, rootsProblem } from './file-credentials.ts';

/** Names of the entries. Those of Secrets of one's own come before those of type kubernetes.io/tls; both are never mixed. */
const forms = [
  { certificateChain: 'cert', privateKey: 'key', roots: 'cacert', crl: 'crl' },
  { certificateChain: 'tls.crt', privateKey: 'tls.key', roots: 'ca.crt', crl: 'ca.crl' },
] as const;

/** All of them; what else a Secret has is nothing for TLS. */
export const secretEntries: ReadonlySet<string> = new Set(forms.flatMap((form) => Object.values(form)));

/**
 * @param data decoded
 * @returns undefined where it has nothing for TLS
 */
export function secretCredentials(data: Readonly<Record<string, string>>): { credentials: NamedCredentials; problems: string[] } | undefined {
  const has = (name: string): boolean => (data[name] ?? '') !== '';
  const ofPair =
    forms.find(({ certificateChain, privateKey }) => has(certificateChain) && has(privateKey)) ??
    forms.find(({ certificateChain, privateKey }) => has(certificateChain) || has(privateKey));
  const ofRoots = forms.find(({ roots }) => has(roots));
  if (!ofPair && !ofRoots) return undefined;
  const credentials: NamedCredentials = {};
  const problems: string[] = [];
  if (ofPair) {
    const { [ofPair.certificateChain]: certificateChain = '', [ofPair.privateKey]: privateKey = '' } = data;
    const problem =
      certificateChain === ''
        ? 'there is a private key, and no certificate'
        : privateKey === ''
          ? 'there is a certificate, and no private key'
          : pairProblem(certificateChain, privateKey);
    if (problem === undefined) credentials.pair = { certificateChain, privateKey };
    else problems.push(problem);
  }
  if (ofRoots) {
    const { [ofRoots.roots]: roots = '', [ofRoots.crl]: crl = '' } = data;
    const problem = rootsProblem(roots) ?? (crl === '' ? undefined : revokedProblem(crl));
    // Without its list of revoked certificates, roots would let in who is on it.
    if (problem === undefined) Object.assign(credentials, crl === '' ? { roots } : { roots, crl });
    else problems.push(problem);
  }
  return { credentials, problems };
}
