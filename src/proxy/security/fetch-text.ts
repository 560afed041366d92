// GET of a small text from a server that may be anything: bounded in time, size and redirects.
import { lookup as dnsLookup, type LookupOptions } from 'node:dns';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';

export interface FetchLimits {
  /** For all of it: name, connections, redirects, the last byte. */
  timeoutMs: number;
  maxBytes: number;
  maxRedirects: number;
}

export interface FetchOptions extends FetchLimits {
  /** Authorities that are trusted, asked for where a server speaks TLS. */
  trusted: () => SecureContext;
  signal?: AbortSignal;
}

/** Addresses of the machine's own services, such as the metadata of clouds: no issuer is there. */
const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4');
linkLocal.addSubnet('fe80::', 10, 'ipv6');
// The same services of AWS over IPv6, of Alibaba and of Oracle, which are elsewhere.
linkLocal.addAddress('fd00:ec2::254', 'ipv6');
linkLocal.addAddress('100.100.100.200', 'ipv4');
linkLocal.addAddress('192.0.0.192', 'ipv4');

/**
 * The body of the answer, which has to have a status from 200 to 299. Proxies of the environment are not used, and no certificate is
 * accepted that `trusted` does not vouch for, whatever the environment says.
 *
 * @throws Error that tells why not, without anything of the answer, and without user and query of the address
 */
export async function fetchText(address: string, options: FetchOptions): Promise<string> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  let url = parseAddress(address);
  if (url === undefined) throw new Error(`${JSON.stringify(address)} is no address with http:// or https://`);
  try {
    for (let redirects = 0; ; redirects++) {
      const response = await ask(url, options, signal);
      const { statusCode = 0, headers } = response;
      if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
        response.destroy();
        if (redirects === options.maxRedirects) throw new Error(`redirects more than ${options.maxRedirects} times`);
        url = redirected(url, headers.location);
        continue;
      }
      if (statusCode < 200 || statusCode > 299) {
        response.destroy();
        throw new Error(`answers with status ${statusCode}`);
      }
      return await bodyOf(response, options.maxBytes);
    }
  } catch (error) {
    throw new Error(`${plainAddress(url)} ${timeout.aborted ? `does not answer within ${options.timeoutMs} ms` : reasonOf(error as NodeJS.ErrnoException)}`);
  }
}

/** Errors of sockets, names and TLS have a code; others are ours. */
function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return code === undefined ? message : `cannot be asked: ${message}`;
}

/** What may be told of an address. */
export function plainAddress({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

function parseAddress(address: string, base?: URL): URL | undefined {
  const url = URL.parse(address, base?.href);
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}

function redirected(from: URL, location: string): URL {
  const to = parseAddress(location, from);
  if (to === undefined) throw new Error('redirects to what is no address with http:// or https://');
  if (from.protocol === 'https:' && to.protocol === 'http:') throw new Error('redirects from https to http');
  return to;
}

function ask(url: URL, { trusted }: FetchOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && isLinkLocal(host)) return Promise.reject(new Error(linkLocalText));
  const options: RequestOptions = {
    // One for itself: the agent of the process would go through the proxies of the environment where it is told to.
    agent: false,
    signal,
    lookup: lookupElsewhere,
    headers: { accept: 'application/jwk-set+json, application/json, */*;q=0.5', 'accept-encoding': 'identity' },
  };
  return new Promise((resolve, reject) => {
    const asked =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, agent: new HttpsAgent({ secureContext: trusted(), rejectUnauthorized: true }) })
        : httpRequest(url, options);
    asked.on('response', resolve);
    asked.on('error', reject);
    asked.end();
  });
}

async function bodyOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new Error(`answers with more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } finally {
    response.destroy();
  }
  return Buffer.concat(chunks).toString('utf8');
}

const linkLocalText = 'has a link-local address, or one of the metadata of a cloud, which is not asked';

function isLinkLocal(address: string): boolean {
  return linkLocal.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}

/** Names are judged by what they stand for, at the moment of the connection. */
const lookupElsewhere: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...(options as LookupOptions), all: true }, (error, addresses) => {
    if (error) callback(error, '');
    else if (addresses.some(({ address }) => isLinkLocal(address))) callback(new Error(linkLocalText), '');
    else if (options.all) callback(null, addresses);
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
  });
};
