// Where the tokens of one rule are in a request (SEC-R41).
import type { JwtProvider, TokenHeader } from '../../../ir/authentication.ts';
import { getHeader, type Headers, removeHeader } from '../headers.ts';
import { pathEndOf } from '../path.ts';
import { cookieToken } from './cookie-token.ts';
import { queryToken, withoutQueryToken } from './query-token.ts';

/** The part of a request that tokens are in: it is changed in place. */
export interface TokenCarrier {
  headers: Headers;
  path: string;
  pathEnd: number;
}

export interface FoundToken {
  readonly token: string;
  /** Takes it out of the request, with all others of its place. */
  remove(carrier: TokenCarrier): void;
}

const defaultHeaders: readonly TokenHeader[] = [{ name: 'authorization', prefix: 'Bearer ' }];
const defaultParams: readonly string[] = ['access_token'];

const kept = (): void => {};

type Locations = Pick<JwtProvider, 'headers' | 'params' | 'cookies'>;

/** Parameters of the query in which a rule looks for tokens. */
export function tokenParameters({ headers, params, cookies }: Locations): readonly string[] {
  return headers.length === 0 && params.length === 0 && cookies.length === 0 ? defaultParams : params;
}

export class TokenLocations {
  private readonly headers: readonly TokenHeader[];
  private readonly params: readonly string[];
  private readonly cookies: readonly string[];

  constructor(locations: Locations) {
    const { headers, params, cookies } = locations;
    const none = headers.length === 0 && params.length === 0 && cookies.length === 0;
    const byPlace = (a: TokenHeader, b: TokenHeader): number => inOrder(a.name + a.prefix, b.name + b.prefix);
    const once = new Map((none ? defaultHeaders : headers).map((header) => [header.name + header.prefix, header]));
    this.headers = [...once.values()].sort(byPlace);
    this.params = [...new Set(tokenParameters(locations))].sort(inOrder);
    this.cookies = [...new Set(cookies)].sort(inOrder);
  }

  /** All of a request: first in headers, then in the query, then in cookies; by name in each. */
  find(carrier: TokenCarrier): FoundToken[] {
    const found: FoundToken[] = [];
    for (const header of this.headers) findInHeader(carrier.headers, header, found);
    if (carrier.pathEnd < carrier.path.length) for (const param of this.params) findInQuery(carrier, param, found);
    if (this.cookies.length > 0 && getHeader(carrier.headers, 'cookie') !== undefined) {
      for (const cookie of this.cookies) {
        const token = cookieToken(carrier.headers, cookie);
        // As with Envoy, a cookie goes on.
        if (token !== undefined) found.push({ token, remove: kept });
      }
    }
    return found;
  }
}

function findInHeader(headers: Headers, { name, prefix }: TokenHeader, found: FoundToken[]): void {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== name) continue;
    const value = headers[i + 1] as string;
    const token = prefix === '' ? value : behind(prefix, value);
    if (token !== undefined) found.push({ token, remove: (carrier) => removeHeader(carrier.headers, name) });
  }
}

function findInQuery({ path, pathEnd }: TokenCarrier, param: string, found: FoundToken[]): void {
  const token = queryToken(path, pathEnd, param);
  if (token === undefined) return;
  const remove = (carrier: TokenCarrier): void => {
    carrier.path = withoutQueryToken(carrier.path, carrier.pathEnd, param);
    carrier.pathEnd = pathEndOf(carrier.path);
  };
  found.push({ token, remove });
}

/** From the first character behind the prefix that a token may have; the whole value when there is none. Case counts. */
function behind(prefix: string, value: string): string | undefined {
  const at = value.indexOf(prefix);
  if (at < 0) return undefined;
  const rest = value.slice(at + prefix.length);
  const start = rest.search(/[\w.-]/);
  return start < 0 ? value : rest.slice(start);
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
