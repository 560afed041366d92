// What TLS is spoken with, as far as Envoy knows it: with one name that it does not know it refuses the whole listener or cluster.

import { cipherSuites } from '../ir/cipher-suites.ts';

const curves: ReadonlySet<string> = new Set(['X25519', 'P-256', 'P-384', 'P-521', 'X25519MLKEM768']);

/** Undefined: its own. */
export function knownCipherSuites(names: readonly string[] = []): string[] | undefined {
  return known(names, cipherSuites);
}

/** The same. */
export function knownCurves(names: readonly string[] = []): string[] | undefined {
  return known(names, curves);
}

function known(names: readonly string[], all: ReadonlySet<string>): string[] | undefined {
  const found = [...new Set(names)].filter((name) => all.has(name));
  return found.length > 0 ? found : undefined;
}
