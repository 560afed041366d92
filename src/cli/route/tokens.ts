// Tokens of a request that is explained: verified with the keys that are written in the mesh, and with those of files. Nothing is fetched.
import { readFileSync } from 'node:fs';
import type { KeySource } from '../../ir/authentication.ts';
import { failures } from '../../proxy/core/jwt/failure.ts';
import { KeySet } from '../../proxy/core/jwt/key-set.ts';
import type { ParsedToken } from '../../proxy/core/jwt/parse-token.ts';
import type { TokenRule } from '../../proxy/core/jwt/rule.ts';
import type { Verdict } from '../../proxy/security/token-verifier.ts';
import { verifySignature } from '../../proxy/security/verify-signature.ts';
import type { TokenKnowledge } from '../../simulate/admission/tokens.ts';
import { CliError, usageError } from '../exit.ts';

/** Flags about tokens as commander gives them. */
export interface TokenFlags {
  /** `[ISSUER=]FILE` */
  jwks?: string[];
  /** JSON */
  claims?: string;
}

export class TokenBook implements TokenKnowledge {
  readonly nowSeconds: number;
  /** By issuer; empty: of any. */
  private readonly given: ReadonlyMap<string, KeySet>;
  private readonly verdicts = new Map<string, Verdict>();
  private readonly pending = new Map<string, { keys: KeySet; token: ParsedToken }>();

  /** @throws CliError for files without keys */
  constructor(files: readonly string[] = [], nowSeconds = Math.floor(Date.now() / 1000)) {
    this.nowSeconds = nowSeconds;
    this.given = new Map(files.map(keysOfFile));
  }

  verify({ provider }: TokenRule, token: ParsedToken, text: string): Verdict | undefined {
    const key = JSON.stringify([provider.keys, provider.issuer, text]);
    const known = this.verdicts.get(key);
    if (known) return known;
    const keys = this.keysOf(provider.keys, provider.issuer);
    if (keys === 'unusable') return failures.noValidKeys;
    if (keys) this.pending.set(key, { keys, token });
    return undefined;
  }

  /** What `run` gives when every signature is known that can be. */
  async settled<T>(run: () => T): Promise<T> {
    for (;;) {
      const result = run();
      if (this.pending.size === 0) return result;
      for (const [key, { keys, token }] of this.pending) this.verdicts.set(key, await verifySignature(keys, token));
      this.pending.clear();
    }
  }

  private keysOf(source: KeySource, issuer: string): KeySet | 'unusable' | undefined {
    if (source.kind !== 'inline') return this.given.get(issuer) ?? this.given.get('');
    const keys = KeySet.parse(source.jwks);
    return keys instanceof KeySet ? keys : 'unusable';
  }
}

function keysOfFile(written: string): [issuer: string, keys: KeySet] {
  const at = written.lastIndexOf('=');
  const [issuer, file] = at < 0 ? ['', written] : [written.slice(0, at), written.slice(at + 1)];
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(
      `--jwks: ${file} cannot be read: ${(error as Error).message}`,
      undefined,
      'It takes a file with keys (JWKS), or ISSUER=FILE for those of one issuer.',
    );
  }
  const keys = KeySet.parse(text);
  if (!(keys instanceof KeySet)) throw new CliError(`--jwks: ${file} ${keys.problem}`);
  return [issuer, keys];
}

/** @throws CliError (usage) for what is no JSON object */
export function parseClaims(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  const help = 'It takes the payload of a token: --claims \'{"iss": "https://issuer.example.com", "sub": "alice"}\'';
  let claims: unknown;
  try {
    claims = JSON.parse(text);
  } catch (error) {
    throw usageError(`--claims is no JSON: ${(error as Error).message}`, help);
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) throw usageError('--claims is no JSON object', help);
  return claims as Record<string, unknown>;
}
