// An authority that signs for workloads: its own root, or an intermediate that a user plugged in.
import { createPrivateKey, type X509Certificate } from 'node:crypto';
import { certificatesOf, type KeyPair, readCertificate } from './pem.ts';

export interface Authority {
  pair: KeyPair;
  /** PEM; goes with every certificate that it signs: itself and what leads to a root; empty for a root. */
  chain: string;
  /** PEM; what verifies it. */
  roots: string;
}

/** PEM texts, as a user gives them: `ca-cert.pem`, `ca-key.pem`, `cert-chain.pem`, `root-cert.pem`. */
export interface AuthorityFiles {
  certificate: string;
  key: string;
  chain: string;
  roots: string;
}

/** One that is its own root. */
export function rootAuthority(pair: KeyPair): Authority {
  return { pair, chain: '', roots: pair.certificate };
}

/**
 * @param now milliseconds since the epoch
 * @throws Error that says what is wrong with which of the files
 */
export function pluggedAuthority(files: AuthorityFiles, now: number): Authority {
  const certificate = single('ca-cert.pem', files.certificate);
  const roots = certificatesOf(files.roots);
  if (roots.length === 0) throw new Error('root-cert.pem has no certificate');
  if (!certificate.ca) throw new Error('ca-cert.pem is not that of an authority: its basic constraints do not say CA');
  if (certificate.validToDate.getTime() <= now) throw new Error(`ca-cert.pem has expired on ${certificate.validToDate.toISOString()}`);
  if (!belongsTogether(certificate, files.key)) throw new Error('ca-key.pem is not the key of ca-cert.pem');
  const known = roots.flatMap((pem) => readCertificate(pem) ?? []);
  const between = certificatesOf(files.chain).flatMap((pem) => readCertificate(pem) ?? []);
  if (!leadsTo(certificate, between, known, now)) throw new Error('ca-cert.pem is not signed by root-cert.pem, nor by what cert-chain.pem has between them');
  const isRoot = known.some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256);
  const rest = between.filter(
    ({ fingerprint256 }) => fingerprint256 !== certificate.fingerprint256 && !known.some((root) => root.fingerprint256 === fingerprint256),
  );
  const chain = isRoot ? '' : [certificate, ...rest].map((one) => one.toString()).join('');
  return { pair: { certificate: certificate.toString(), key: files.key }, chain, roots: roots.join('') };
}

function single(name: string, text: string): X509Certificate {
  const certificate = readCertificate(certificatesOf(text)[0] ?? '');
  if (!certificate) throw new Error(`${name} has no certificate that can be read`);
  return certificate;
}

function belongsTogether(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function leadsTo(certificate: X509Certificate, between: readonly X509Certificate[], roots: readonly X509Certificate[], now: number): boolean {
  let current = certificate;
  // Each certificate of the chain is used once at most.
  for (let steps = 0; steps <= between.length; steps++) {
    const at = current;
    if (roots.some((root) => root.validToDate.getTime() > now && (root.fingerprint256 === at.fingerprint256 || at.verify(root.publicKey)))) return true;
    const issuer = between.find((one) => one.fingerprint256 !== at.fingerprint256 && one.ca && at.checkIssued(one) && at.verify(one.publicKey));
    if (!issuer) return false;
    current = issuer;
  }
  return false;
}
