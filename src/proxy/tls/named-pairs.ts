import { X509Certificate } from 'node:crypto';
import { parseAltNames } from './alt-names.ts';
import type { KeyPair } from './credentials.ts';

/**
 * The certificates of a server, by the names that clients ask for, as the reference chooses among several: those with the name itself, else
 * those with a wildcard for its first label, else the first of all. To a client that asks for no name each of them may be shown. For one
 * name there is one of each kind of key, the first; which kind it is to be the handshake decides.
 */
export class NamedPairs {
  private readonly pairs: readonly KeyPair[];
  /** By name, `.example.com` for wildcards; then by kind of key. */
  private readonly byName = new Map<string, Map<string, KeyPair>>();

  constructor(pairs: readonly KeyPair[]) {
    this.pairs = pairs;
    if (pairs.length < 2) return;
    for (const pair of pairs) {
      const { names, kind } = shownAs(pair);
      for (const name of names) {
        const known = this.byName.get(name) ?? new Map<string, KeyPair>();
        if (!known.has(kind)) known.set(kind, pair);
        this.byName.set(name, known);
      }
    }
  }

  /** @param serverName lower case; empty: none. */
  shownFor(serverName: string): readonly KeyPair[] {
    if (this.pairs.length < 2 || serverName === '') return this.pairs;
    const dot = serverName.indexOf('.', 1);
    const found = this.byName.get(serverName) ?? (dot < 0 ? undefined : this.byName.get(serverName.slice(dot)));
    return found ? [...found.values()] : this.pairs.slice(0, 1);
  }
}

function shownAs({ certificateChain }: KeyPair): { names: readonly string[]; kind: string } {
  try {
    const x509 = new X509Certificate(certificateChain);
    const { subjectAltName, subject } = x509;
    const commonName = /(?:^|\n)CN=(.*)/.exec(subject)?.[1] ?? '';
    const written = subjectAltName === undefined ? [commonName] : parseAltNames(subjectAltName).dns;
    const names = written.filter(Boolean).map((name) => name.toLowerCase().replace(/^\*\./, '.'));
    return { names, kind: x509.publicKey.asymmetricKeyType ?? '' };
  } catch {
    // Whoever read it has said so.
    return { names: [], kind: '' };
  }
}
