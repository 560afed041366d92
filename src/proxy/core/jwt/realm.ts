import type { ExchangeRecord } from '../exchange-record.ts';
import { getHeader } from '../headers.ts';

const longestPath = 256;

/** What the client is told to do about a token that is refused: `Bearer realm="http://shop/cart", error="invalid_token"`. */
export function authenticateHeader({ headers, scheme, authority, path }: ExchangeRecord): string {
  const proto = getHeader(headers, 'x-forwarded-proto') ?? scheme;
  const asked = getHeader(headers, 'x-envoy-original-path') ?? path;
  return `Bearer realm="${proto}://${authority}${asked.slice(0, longestPath)}", error="invalid_token"`;
}
