import type { DirectAction } from '../../ir/route.ts';
import type { JsonObject } from '../json.ts';

/** Responses that have no body: Envoy would send one all the same, and the client would take it for the next response. */
const bodiless: ReadonlySet<number> = new Set([204, 304]);

/** MAP-R35 */
export function directResponse({ status, body, binary }: DirectAction): JsonObject {
  if (body === '' || bodiless.has(status)) return { status };
  return { status, body: binary ? { inline_bytes: wellFormed(body) } : { inline_string: body } };
}

/** What is no base64 ends the body there. */
function wellFormed(base64: string): string {
  return Buffer.from(base64, 'base64').toString('base64');
}

/** Length of the body in bytes. */
export function bodyBytes({ body, binary }: DirectAction): number {
  return Buffer.byteLength(body, binary ? 'base64' : 'utf8');
}
