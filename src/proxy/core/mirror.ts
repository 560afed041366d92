// Copies of requests for other clusters (RT-R110 to R115).
import type { Mirror } from '../../ir/route.ts';
import type { Random } from './clock.ts';
import { drawShare } from './fault.ts';
import { indexOfHeader } from './header-ops.ts';
import { type Headers, overwriteHeader } from './headers.ts';

/** Whether a request is mirrored: drawn once a request, for each mirror on its own (RT-R115). */
export function drawMirror(mirror: Mirror, random: Random): boolean {
  return drawShare(mirror.share, random);
}

/**
 * Headers of the copy: those of the request as it goes upstream at the first try, marked as internal and as passed on by this proxy
 * (RT-R113).
 *
 * @param nodeAddress of the proxy
 */
export function mirrorHead(upstream: Headers, nodeAddress: string): Headers {
  const headers = upstream.slice();
  overwriteHeader(headers, 'x-envoy-internal', 'true');
  const at = indexOfHeader(headers, 'x-forwarded-for');
  if (at < 0) headers.push('x-forwarded-for', nodeAddress);
  else headers[at + 1] = headers[at + 1] === '' ? nodeAddress : `${headers[at + 1]},${nodeAddress}`;
  return headers;
}
