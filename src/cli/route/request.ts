// A request as it is typed on the command line.
import { isIp } from '../../manifest/ip.ts';
import type { SimulatedHttpRequest, SimulatedRequest, SimulatedTcpRequest } from '../../simulate/request.ts';
import { usageError } from '../exit.ts';

const forms = 'It takes http://HOST[:PORT]/PATH, https://…, /PATH with -H "Host: …", or tcp://HOST:PORT.';

/** Addresses of the connection, where they are not those that names lead to. */
export interface GivenAddresses {
  /** That the caller connects to. */
  to?: string;
  /** Of the caller, as the proxy sees it. */
  clientIp?: string;
  /** Of a token that is taken to be verified. */
  claims?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * @param words `METHOD URL`, or a URL alone for GET
 * @param headers as `name: value`
 * @throws CliError (usage)
 */
export function parseRequest(words: readonly string[], headers: readonly string[] = [], { to, clientIp, claims }: GivenAddresses = {}): SimulatedRequest {
  const request = written(words, headers);
  for (const [flag, address] of [
    ['--to', to],
    ['--client-ip', clientIp],
  ] as const)
    if (address !== undefined && !isIp(address)) throw usageError(`${flag} takes an IP address, not "${address}"`);
  if (request.kind === 'tcp' && claims !== undefined) throw usageError('--claims goes with requests: a connection has no token');
  return {
    ...request,
    ...(claims === undefined ? {} : { claims }),
    ...(to === undefined ? {} : { address: to }),
    ...(clientIp === undefined ? {} : { client: clientIp }),
  };
}

function written(words: readonly string[], headers: readonly string[]): SimulatedRequest {
  const [first = '', second, third] = words;
  if (third !== undefined) throw usageError(`there is more than METHOD and URL: "${third}"`, 'Headers are given with -H.');
  const method = second === undefined ? 'GET' : first;
  const url = second ?? first;
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method)) throw usageError(`"${method}" is no HTTP method`, 'First the method, then the URL: GET http://cart/items');
  const [, scheme = '', rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(url) ?? [];
  if (/\s/.test(url)) throw usageError(`a URL has no white space: "${url}"`, 'A space of a path is written as %20.');
  switch (scheme.toLowerCase()) {
    case '':
      return relative(method, url, pairsOf(headers));
    case 'http':
    case 'https':
      return absolute(method, scheme.toLowerCase() as 'http' | 'https', rest, pairsOf(headers));
    case 'tcp':
    case 'tls':
      if (headers.length > 0) throw usageError(`${scheme}:// is a connection: it has no headers`);
      return connection(scheme.toLowerCase(), rest);
    default:
      throw usageError(`${scheme}:// is not simulated`, forms);
  }
}

type Pairs = (readonly [name: string, value: string])[];

function pairsOf(headers: readonly string[]): Pairs {
  return headers.map((text) => {
    const colon = text.indexOf(':');
    const name = text.slice(0, colon).trim();
    if (colon <= 0 || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw usageError(`-H takes "name: value", and "${text}" is none`);
    const value = text.slice(colon + 1).trim();
    // Control characters end a header.
    if (/[\0\r\n]/.test(value)) throw usageError(`-H ${name}: a value has no line ends`);
    return [name, value] as const;
  });
}

const isHost = ([name]: readonly [string, string]): boolean => name.toLowerCase() === 'host';

function relative(method: string, path: string, headers: Pairs): SimulatedHttpRequest {
  if (!path.startsWith('/')) throw usageError(`"${path}" is no URL`, `${forms} Did you mean http://${path} ?`);
  const [host] = headers.filter(isHost);
  if (!host) throw usageError(`${path} names no host`, `Name it with -H 'Host: NAME', or write http://NAME${path}`);
  return { method, scheme: 'http', authority: host[1], path, headers: headers.filter((header) => !isHost(header)) };
}

function absolute(method: string, scheme: 'http' | 'https', rest: string, headers: Pairs): SimulatedHttpRequest {
  const [, authority = '', target = ''] = /^([^/?#]*)(.*)$/s.exec(rest) ?? [];
  const bare = authority.slice(authority.lastIndexOf('@') + 1);
  const { host, port } = placeOf(bare, `${scheme}://${rest}`);
  const [own] = headers.filter(isHost);
  const path = target.startsWith('/') ? target : `/${target}`;
  const [withoutFragment = '/'] = path.split('#');
  return {
    method,
    scheme,
    authority: own?.[1] ?? bare,
    // The connection goes where the URL says, whatever Host says, and so does the server name of TLS.
    ...(own ? { host, ...(scheme === 'https' ? { serverName: isIp(host.replace(/^\[|\]$/g, '')) ? '' : host } : {}) } : {}),
    ...(port === undefined ? {} : { port }),
    path: withoutFragment,
    headers: headers.filter((header) => !isHost(header)),
  };
}

function connection(scheme: string, rest: string): SimulatedTcpRequest {
  const { host, port } = placeOf(rest.replace(/\/$/, ''), `${scheme}://${rest}`);
  if (port === undefined) throw usageError(`${scheme}://${rest} names no port`, `Name it: ${scheme}://${host}:3306`);
  const bare = host.replace(/^\[|\]$/g, '');
  return { kind: 'tcp', host: bare, port, ...(scheme === 'tls' ? { tls: { serverName: bare } } : {}) };
}

/** `h`, `h:80`, `[::1]:80` */
function placeOf(text: string, url: string): { host: string; port: number | undefined } {
  const [, host = '', port] = /^(\[[0-9A-Fa-f:.%]+\]|[^:[\]]+)(?::(\d+))?$/.exec(text) ?? [];
  if (host === '') throw usageError(`${url} names no host`, forms);
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && (number < 1 || number > 65535)) throw usageError(`${url}: a port is a number from 1 to 65535`);
  return { host, port: number };
}
