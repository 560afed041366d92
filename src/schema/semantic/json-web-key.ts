// JSON web key sets (RFC 7517) as the control plane reads them: a set, or one key alone.
import { isMap } from '../../manifest/is-map.ts';
import type { Path } from '../../manifest/problem.ts';
import type { ProblemSink } from './validator.ts';

interface KeyForm {
  /** The type that the control plane reads such a key into, as its messages name it. */
  type: string;
  /** Needed fields (RFC 7518, section 6), base64url but for `crv`. */
  fields: readonly string[];
}

const forms: Readonly<Record<string, { public: KeyForm; private: KeyForm }>> = {
  RSA: {
    public: { type: '*jwk.rsaPublicKey', fields: ['e', 'n'] },
    private: { type: '*jwk.rsaPrivateKey', fields: ['d', 'e', 'n'] },
  },
  EC: {
    public: { type: '*jwk.ecdsaPublicKey', fields: ['crv', 'x', 'y'] },
    private: { type: '*jwk.ecdsaPrivateKey', fields: ['crv', 'd', 'x', 'y'] },
  },
  oct: { public: { type: '*jwk.symmetricKey', fields: ['k'] }, private: { type: '*jwk.symmetricKey', fields: ['k'] } },
  OKP: {
    public: { type: '*jwk.okpPublicKey', fields: ['crv', 'x'] },
    private: { type: '*jwk.okpPrivateKey', fields: ['crv', 'd', 'x'] },
  },
};

/** Checks the text of a `jwks` field. */
export function checkKeySet(sink: ProblemSink, path: Path, text: string): void {
  const problem = keySetProblem(text);
  if (problem !== undefined) sink.error(path, `jwks is not a JSON web key set: ${problem}`);
}

function keySetProblem(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `it is not JSON (${(error as Error).message})`;
  }
  if (!isMap(value)) return 'it is not a JSON object';
  if (!('keys' in value)) return keyProblem(value);
  if (value.keys === null) return undefined;
  if (!Array.isArray(value.keys)) return '"keys" is not a list';
  for (const [i, key] of value.keys.entries()) {
    const problem = keyProblem(key);
    if (problem !== undefined) return `key ${i} of "keys": ${problem}`;
  }
  return undefined;
}

function keyProblem(key: unknown): string | undefined {
  if (!isMap(key)) return 'a key has to be a JSON object';
  const { kty } = key;
  const form = typeof kty === 'string' && Object.hasOwn(forms, kty) ? forms[kty]?.[key.d === undefined ? 'public' : 'private'] : undefined;
  if (!form) return `its type is ${JSON.stringify(kty) ?? 'missing'}, and kty has to be one of ${Object.keys(forms).join(', ')}`;
  for (const field of form.fields) {
    const value = key[field];
    if (value === undefined || value === null || value === '') return `required field ${field} of the ${kty} key is missing (${form.type})`;
    if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) return `field ${field} of the ${kty} key is not base64url (${form.type})`;
  }
  return undefined;
}
