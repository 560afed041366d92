// Requests of tests as a person reads them, and as a command that explains them.

import type { TestClient } from '../../route-tests/result.ts';
import type { SimulatedHttpRequest } from '../../simulate/request.ts';

/** `POST http://cart:8080/items` */
export function urlText({ scheme, authority = '', port, path }: SimulatedHttpRequest): string {
  const hasPort = /:\d+$/.test(authority);
  return `${scheme}://${authority}${port === undefined || hasPort ? '' : `:${port}`}${path}`;
}

/** `POST http://cart:8080/items (x-user: a) from deploy/web.shop` */
export function requestText(request: SimulatedHttpRequest, client: TestClient | undefined): string {
  const headers = (request.headers ?? []).map(([name, value]) => `${name}: ${value}`).join(', ');
  return `${request.method} ${urlText(request)}${headers === '' ? '' : ` (${headers})`}${client ? ` from ${client.text}` : ''}`;
}

/**
 * The command that tells why; undefined for a client that no flag describes.
 *
 * @param given flags of the input: `-f mesh/`
 */
export function explainCommand(request: SimulatedHttpRequest, client: TestClient | undefined, given: readonly string[]): string | undefined {
  if (!client?.flags) return undefined;
  const { authority = '', port, headers = [], claims } = request;
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
