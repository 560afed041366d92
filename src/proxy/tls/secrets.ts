// What Secrets of Kubernetes have for TLS, by the keys that the reference knows.
import type { NamedCredentials } from './credentials.ts';
import { pairProblem, rootsProblem } from './file-credentials.ts';

/** Names of the entries, the first that is there. */
const entries = {
  certificateChain: ['tls.crt', 'cert'],
  privateKey: ['tls.key', 'key'],
  roots: ['ca.crt', 'cacert'],
  crl: ['ca.crl', 'crl'],
} as const;

/**
 * @param data decoded
 * @returns undefined where it has nothing for TLS
 */
export function secretCredentials(data: Readonly<Record<string, string>>): { credentials: NamedCredentials; problems: string[] } | undefined {
  const at = (names: readonly string[]): string | undefined => names.map((name) => data[name]).find((text) => text !== undefined && text !== '');
  const certificateChain = at(entries.certificateChain);
  const privateKey = at(entries.privateKey);
  const roots = at(entries.roots);
  const crl = at(entries.crl);
  if (certificateChain === undefined && privateKey === undefined && roots === undefined) return undefined;
  const credentials: NamedCredentials = {};
  const problems: string[] = [];
  if (certificateChain !== undefined && privateKey !== undefined) {
    const problem = pairProblem(certificateChain, privateKey);
    if (problem === undefined) credentials.pair = { certificateChain, privateKey };
    else problems.push(problem);
  } else if (certificateChain !== undefined || privateKey !== undefined) {
    problems.push(certificateChain === undefined ? 'there is a private key, and no certificate' : 'there is a certificate, and no private key');
  }
  if (roots !== undefined) {
    const problem = rootsProblem(roots);
    if (problem === undefined) credentials.roots = roots;
    else problems.push(problem);
  }
  if (crl !== undefined) credentials.crl = crl;
  return { credentials, problems };
}
