// Requests of tests as a person reads them, and as a command that explains them.

import type { Failure, TestClient } from '../../route-tests/result.ts';
import type { SimulatedHttpRequest } from '../../simulate/request.ts';

/** `POST http://cart:8080/items` */
export function urlText({ scheme, authority = '', port, path }: SimulatedHttpRequest): string {
  const hasPort = /:\d+$/.test(authority);
  return `${scheme}://${authority}${port === undefined || hasPort ? '' : `:${port}`}${path}`;
}

/** `POST http://cart:8080/items (x-user: a) from deploy/web.shop at 10.0.0.7 to deploy/cart.shop` */
export function requestText(request: SimulatedHttpRequest, client: TestClient | undefined, to?: string): string {
  const headers = (request.headers ?? []).map(([name, value]) => `${name}: ${value}`).join(', ');
  const from = `${client ? ` from ${client.text}` : ''}${request.client === undefined ? '' : ` at ${request.client}`}`;
  return `${request.method} ${urlText(request)}${headers === '' ? '' : ` (${headers})`}${from}${to === undefined ? '' : ` to ${to}`}`;
}

/**
 * The command that tells why; undefined for a client that no flag describes, and for what comes to a workload as it is.
 *
 * @param given flags of the input: `-f mesh/`
 */
export function explainCommand({ request, client, to }: Pick<Failure, 'request' | 'client' | 'to'>, given: readonly string[]): string | undefined {
  if (!client?.flags || to !== undefined) return undefined;
  const { authority = '', port, headers = [], claims, client: address } = request;
  const hosts = port !== undefined && !/:\d+$/.test(authority) ? ['-H', `Host: ${authority}`] : [];
  const others = headers.flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  // A client may be known by its namespace alone; else that of resources without one counts.
  const own = client.flags[0] === '-n' ? given.filter((_, i) => given[i] !== '-n' && given[i - 1] !== '-n') : given;
  return [
    'weft',
    'route',
    'explain',
    request.method,
    urlText(request),
    ...hosts,
    ...others,
    ...(claims === undefined ? [] : ['--claims', JSON.stringify(claims)]),
    ...(address === undefined ? [] : ['--client-ip', address]),
    ...client.flags,
    ...own,
  ]
    .map(quoted)
    .join(' ');
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
