// JSON web key sets (RFC 7517) as the control plane reads them: a set, or one key alone.
import type { Path } from '../../manifest/problem.ts';
import type { ProblemSink } from './validator.ts';

/** Fields that each type of key needs (RFC 7518, section 6), base64url but for `crv`. */
const required: Readonly<Record<string, { public: readonly string[]; private: readonly string[] }>> = {
  RSA: { public: ['e', 'n'], private: ['d', 'e', 'n'] },
  EC: { public: ['crv', 'x', 'y'], private: ['crv', 'd', 'x', 'y'] },
  oct: { public: ['k'], private: ['k'] },
  OKP: { public: ['crv', 'x'], private: ['crv', 'd', 'x'] },
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
  if (!isObject(value)) return 'it is not a JSON object';
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
  if (!isObject(key)) return 'a key has to be a JSON object';
  const { kty } = key;
  if (typeof kty !== 'string' || !Object.hasOwn(required, kty)) {
    return `its type is ${JSON.stringify(kty) ?? 'missing'}, and kty has to be one of ${Object.keys(required).join(', ')}`;
  }
  for (const field of required[kty]?.[key.d === undefined ? 'public' : 'private'] ?? []) {
    const value = key[field];
    if (value === undefined || value === null || value === '') return `required field ${field} of the ${kty} key is missing`;
    if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) return `field ${field} of the ${kty} key is not base64url`;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
