// Where redirects lead (RT-R15 to R18).
import type { RedirectAction } from '../../ir/route.ts';
import type { CompiledRoute } from './compiled-route.ts';
import type { RequestView } from './exchange-record.ts';
import { getHeader } from './headers.ts';
import { direct, type LocalReply } from './local-reply.ts';

/** The answer of a route that redirects. */
export function redirectReply(route: CompiledRoute, request: RequestView): LocalReply {
  const action = route.route.action as RedirectAction;
  return direct(action.status, '', ['location', location(action, route, request)]);
}

function location(action: RedirectAction, route: CompiledRoute, request: RequestView): string {
  const scheme = action.scheme === undefined || action.scheme === '' ? request.scheme : action.scheme;
  const portGiven = action.port !== undefined && action.port !== 0;
  const port = portGiven && !isDefaultPort(scheme, action.port as number) ? `:${action.port}` : '';
  const host = action.host === undefined || action.host === '' ? requestHost(request, scheme, portGiven) : action.host;
  return `${scheme}://${host}${port}${targetOf(action, route, request)}`;
}

function isDefaultPort(scheme: string, port: number): boolean {
  return (scheme === 'http' && port === 80) || (scheme === 'https' && port === 443);
}

/** Host of the request; its port goes where another is given, or where it was the default of the scheme before (RT-R17). */
function requestHost(request: RequestView, scheme: string, portGiven: boolean): string {
  const host = request.authority;
  const colon = host.startsWith('[') ? host.lastIndexOf(']:') + 1 || -1 : host.lastIndexOf(':');
  if (colon < 0) return host;
  if (portGiven) return host.slice(0, colon);
  const before = getHeader(request.headers, 'x-forwarded-proto') ?? request.scheme;
  if (scheme === before) return host;
  const port = host.slice(colon);
  return (before === 'https' && port === ':443') || (before === 'http' && port === ':80') ? host.slice(0, colon) : host;
}

/** RT-R16 */
function targetOf(action: RedirectAction, route: CompiledRoute, request: RequestView): string {
  let target: string;
  if (route.rewrite) target = route.rewrite(request.path, request.pathEnd) ?? request.path;
  else if (action.path === undefined || action.path === '') target = request.path;
  else target = action.path.includes('?') ? action.path : action.path + request.path.slice(request.pathEnd);
  return target.startsWith('/') ? target : `/${target}`;
}

/**
 * Where a virtual host wants TLS: the same target by https (Gateway httpsRedirect); undefined where the request came by https, here or
 * at a trusted proxy in front.
 */
export function tlsRedirect(request: RequestView): LocalReply | undefined {
  if (getHeader(request.headers, 'x-forwarded-proto') === 'https') return undefined;
  return direct(301, '', ['location', `https://${request.authority}${request.path}`]);
}
