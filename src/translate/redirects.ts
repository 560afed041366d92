import type { DirectAction, RedirectAction } from '../ir/route.ts';
import type { HTTPDirectResponse, HTTPRedirect } from '../manifest/istio/networking.gen.ts';
import { isHeaderText } from './header-text.ts';

const codes: readonly number[] = [301, 302, 303, 307, 308];

/** In a rule of the Gateway API that replaces the matched prefix, stands before what replaces it. */
export const prefixToken = '%PREFIX()%';

/**
 * @param port of the listener
 * @param tls the listener ends TLS
 * @returns undefined for a code that is no redirect (RT-R15), and for a location that no header can have
 */
export function translateRedirect(redirect: HTTPRedirect, port: number, tls: boolean, gatewayApi: boolean): RedirectAction | undefined {
  const status = redirect.redirectCode || 301;
  if (!codes.includes(status)) return undefined;
  const { scheme, authority, uri = '' } = redirect;
  if (![scheme ?? '', authority ?? '', uri].every(isHeaderText)) return undefined;
  const toPort = redirectPort(redirect, port, tls);
  const replaced = gatewayApi && uri.startsWith(prefixToken) ? uri.slice(prefixToken.length) : undefined;
  return {
    kind: 'redirect',
    status,
    ...(scheme ? { scheme } : {}),
    ...(authority ? { host: authority } : {}),
    ...(toPort === 0 ? {} : { port: toPort }),
    ...(replaced === undefined ? (uri === '' ? {} : { path: uri }) : { prefix: replaced }),
  };
}

/** 0: the port of the request stays; the usual port of the scheme is never written (RT-R17). */
function redirectPort({ port, derivePort, scheme }: HTTPRedirect, listenerPort: number, tls: boolean): number {
  const written = port ?? (derivePort === 'FROM_REQUEST_PORT' ? listenerPort : 0);
  const to = scheme || (tls ? 'https' : 'http');
  return (written === 80 && to === 'http') || (written === 443 && to === 'https') ? 0 : written;
}

/** Statuses that a proxy answers with by itself. */
export function isResponseStatus(status: number): boolean {
  return status >= 200 && status < 600;
}

/** RT-R19; undefined for a status that no response has. */
export function translateDirectResponse({ status = 0, body }: HTTPDirectResponse): DirectAction | undefined {
  if (!isResponseStatus(status)) return undefined;
  if (body?.bytes !== undefined) return { kind: 'direct', status, body: body.bytes, binary: true };
  return { kind: 'direct', status, body: body?.string ?? '' };
}
