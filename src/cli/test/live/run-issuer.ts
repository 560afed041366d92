// Tokens of one run: the claims of a test, signed by a key that the started proxy takes for that of the issuer.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { JwtProvider } from '../../../ir/authentication.ts';
import type { RoutingTable } from '../../../ir/table.ts';
import { KeySet } from '../../../proxy/core/jwt/key-set.ts';
import type { SimulatedHttpRequest } from '../../../simulate/request.ts';

const kid = 'weft-test';
const alg = 'ES256';

export class RunIssuer {
  private readonly key: KeyObject;
  private readonly jwk: object;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.key = privateKey;
    this.jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
  }

  /**
   * Its key verifies for issuers of the table whose keys are somewhere else, as nothing is fetched; and for all, beside keys that are written in the
   * mesh, where requests have tokens of this run.
   */
  trustedBy(table: RoutingTable, byAll: boolean): RoutingTable {
    const { security } = table;
    const { authentication } = security ?? {};
    if (!security || !authentication) return table;
    const providers = authentication.providers.map((provider): JwtProvider => {
      if (provider.keys.kind === 'inline' && !byAll) return provider;
      return { ...provider, keys: { kind: 'inline', jwks: JSON.stringify({ keys: [...writtenKeys(provider), this.jwk] }) } };
    });
    return { ...table, security: { ...security, authentication: { ...authentication, providers } } };
  }

  /** The request with a token of its claims, where a rule for that issuer looks for one. */
  withToken(request: SimulatedHttpRequest, { security }: RoutingTable): SimulatedHttpRequest {
    const { claims, ...rest } = request;
    const providers = security?.authentication?.providers ?? [];
    const issuer = (claims as { iss?: unknown } | undefined)?.iss;
    const provider = providers.find((one) => one.issuer === issuer || one.issuer === '') ?? providers[0];
    return claims === undefined || !provider ? rest : withTokenAt(rest, provider, this.tokenOf(claims));
  }

  private tokenOf(claims: unknown): string {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg, kid, typ: 'JWT' })}.${part(claims)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), { key: this.key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }
}

function writtenKeys({ keys }: JwtProvider): unknown[] {
  const set = keys.kind === 'inline' ? KeySet.parse(keys.jwks) : undefined;
  return set instanceof KeySet
    ? set.keys.map(({ kid: name, alg: algorithm, jwk }) => ({ ...jwk, ...(name && { kid: name }), ...(algorithm && { alg: algorithm }) }))
    : [];
}

function withTokenAt(request: SimulatedHttpRequest, { headers, params, cookies }: JwtProvider, token: string): SimulatedHttpRequest {
  const [header] = headers.length + params.length + cookies.length === 0 ? [{ name: 'authorization', prefix: 'Bearer ' }] : headers;
  if (header) return withHeader(request, header.name, `${header.prefix}${token}`);
  const [param] = params;
  if (param !== undefined) return { ...request, path: `${request.path}${request.path.includes('?') ? '&' : '?'}${param}=${token}` };
  return withHeader(request, 'cookie', `${cookies[0]}=${token}`);
}

/** In the place of another one: what the test says of claims counts. */
function withHeader({ headers = [], ...request }: SimulatedHttpRequest, name: string, value: string): SimulatedHttpRequest {
  return { ...request, headers: [...headers.filter(([own]) => own.toLowerCase() !== name), [name, value]] };
}
