import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export interface AdminRequest {
  path: string;
  query: URLSearchParams;
  accept: string | undefined;
  headers: IncomingHttpHeaders;
}

export interface AdminReply {
  status: number;
  type: string;
  /** Pieces are made as the client takes them, so that a large answer does not hold up traffic on the same thread. */
  body: string | Iterable<string>;
  /** When the answer has gone out. */
  after?: () => void;
}

/** One path of an admin server. */
export interface Endpoint {
  path: string;
  /** One line for `/help`. */
  help: string;
  /** Query parameters, name and meaning. */
  parameters?: Readonly<Record<string, string>>;
  /** It changes something: GET is refused with 405 (TEL-R20). */
  post?: boolean;
  /** Only for those on this machine, or in this pod, whatever address the server listens on; others get 403. */
  local?: boolean;
  handle(request: AdminRequest): AdminReply | Promise<AdminReply>;
}

export interface AdminServerOptions {
  endpoints: readonly Endpoint[];
  /** Names that a Host header may have besides `localhost` and addresses; `any`: every name, of a server that others are meant to reach. */
  hostNames?: readonly string[] | 'any';
  /** Of a request that failed inside: a bug. */
  onError?: (error: unknown) => void;
}

const textType = 'text/plain; charset=UTF-8';
/** More than one person and a few scrapers are not expected. */
const mostConnections = 100;
const mostBodyBytes = 64 * 1024;
const compressedFrom = 1024;
const pieceSize = 32 * 1024;

export const text = (body: string | Iterable<string>, status = 200): AdminReply => ({ status, type: textType, body });
export const json = (value: unknown): AdminReply => ({ status: 200, type: 'application/json', body: `${JSON.stringify(value, null, 1)}\n` });

/** A small HTTP server for people and scrapers: bounded, and closed to pages of other sites in somebody's browser. */
export class AdminServer {
  private readonly server: Server;
  private readonly endpoints: ReadonlyMap<string, Endpoint>;
  private readonly help: string;
  private readonly hostNames: ReadonlySet<string>;
  private readonly anyHost: boolean;
  private readonly onError: ((error: unknown) => void) | undefined;

  constructor(options: AdminServerOptions) {
    this.endpoints = new Map(options.endpoints.map((endpoint) => [endpoint.path, endpoint]));
    this.help = helpText(options.endpoints);
    const { hostNames = [] } = options;
    this.anyHost = hostNames === 'any';
    this.hostNames = new Set(['localhost', ...(hostNames === 'any' ? [] : hostNames.map((name) => name.toLowerCase()))]);
    this.onError = options.onError;
    this.server = createServer(
      { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000, maxHeaderSize: 16 * 1024, connectionsCheckingInterval: 5_000 },
      (request, response) => void this.answer(request, response),
    );
    this.server.maxConnections = mostConnections;
  }

  /**
   * @param port 0: any that is free
   * @param address `*`: every one, of IPv4 and IPv6
   * @throws the system's error where the address cannot be had
   */
  listen(port: number, address = '127.0.0.1'): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      // Without a host, Node takes both families, or IPv4 where there is no other.
      this.server.listen(address === '*' ? { port } : { port, host: address }, () => {
        this.server.off('error', reject);
        this.server.on('error', (error) => this.onError?.(error));
        resolve(this.server.address() as AddressInfo);
      });
    });
  }

  /** Stops listening and drops connections. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: AdminReply;
    try {
      if (await discardBody(request)) reply = await this.reply(request);
      else {
        response.shouldKeepAlive = false;
        reply = { ...text('body too large\n', 413), after: () => request.destroy() };
      }
    } catch (error) {
      this.onError?.(error);
      reply = text('internal error\n', 500);
    }
    try {
      await send(request, response, reply);
    } catch {
      // The client is gone, or the body could not be made to its end: nothing more can be said on this connection.
      response.destroy();
    }
    reply.after?.();
  }

  private reply(request: IncomingMessage): AdminReply | Promise<AdminReply> {
    const method = request.method ?? '';
    const { headers } = request;
    const { host } = headers;
    if (!this.anyHost && !this.isAllowedHost(host)) return text('forbidden: the Host header names another server\n', 403);
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return text(`Method ${method} not allowed.`, 405);
    // A page of another site can send a POST here although it cannot read the answer.
    if (method === 'POST' && isFromAnotherSite(headers)) return text('forbidden: the request comes from another site\n', 403);
    const target = request.url ?? '/';
    const mark = target.indexOf('?');
    const path = mark === -1 ? target : target.slice(0, mark);
    const endpoint = this.endpoints.get(path);
    if (!endpoint) return text(`invalid path. ${this.help}`, 404);
    if (endpoint.post && method !== 'POST') return text(`Method ${method} not allowed, POST required.`, 405);
    if (endpoint.local && !(isLoopback(request.socket.remoteAddress) && this.isAllowedHost(host))) return text('forbidden: only from the same pod\n', 403);
    return endpoint.handle({ path, query: new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1)), accept: headers.accept, headers });
  }

  /** A name that an attacker lets point to loopback (DNS rebinding) is in the Host header; an address cannot be so made. */
  private isAllowedHost(host: string | undefined): boolean {
    if (host === undefined) return true;
    const name = host.replace(/:\d*$/, '').toLowerCase();
    return this.hostNames.has(name) || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
  }
}

/** Browsers say where a request comes from, in one header, the other, or both; other clients say nothing. */
function isFromAnotherSite({ host, origin, 'sec-fetch-site': site = 'none' }: IncomingHttpHeaders): boolean {
  return (origin !== undefined && origin !== `http://${host}`) || (site !== 'same-origin' && site !== 'none');
}

/** From here a proxy passes on what comes from outside to the ports of its pod (SEC-R5): whoever that is, it is not the pod itself. */
const passedOn: ReadonlySet<string> = new Set(['127.0.0.6', '::6']);

function isLoopback(address = ''): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return !passedOn.has(plain) && (plain === '::1' || plain.startsWith('127.'));
}

export function helpText(endpoints: readonly Endpoint[]): string {
  const lines = ['admin commands are:\n'];
  for (const { path, help, parameters, post } of [...endpoints].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    lines.push(`  ${path}${post ? ' (POST)' : ''}: ${help}\n`);
    for (const [name, meaning] of Object.entries(parameters ?? {})) lines.push(`      ${name}: ${meaning}\n`);
  }
  return lines.join('');
}

/** No endpoint reads a body; false: it is longer than anybody has a reason for. */
function discardBody(request: IncomingMessage): Promise<boolean> {
  return new Promise((resolve) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > mostBodyBytes) resolve(false);
    });
    request.on('end', () => resolve(true));
    request.on('error', () => resolve(false));
  });
}

async function send(request: IncomingMessage, response: ServerResponse, reply: AdminReply): Promise<void> {
  response.on('error', () => {});
  response.statusCode = reply.status;
  response.setHeader('content-type', reply.type);
  response.setHeader('cache-control', 'no-cache, max-age=0');
  response.setHeader('x-content-type-options', 'nosniff');
  if (reply.type.startsWith('text/html')) response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'");
  const whole = typeof reply.body === 'string' ? reply.body : undefined;
  const compressed = acceptsGzip(request) && (whole === undefined || whole.length >= compressedFrom);
  if (compressed) response.setHeader('content-encoding', 'gzip');
  else if (whole !== undefined) response.setHeader('content-length', Buffer.byteLength(whole));
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  if (!compressed && whole !== undefined) {
    await new Promise<void>((resolve) => {
      response.once('close', resolve);
      response.end(whole, resolve);
    });
    return;
  }
  const source = Readable.from(pieces(reply.body));
  await (compressed ? pipeline(source, createGzip(), response) : pipeline(source, response));
}

async function* pieces(body: string | Iterable<string>): AsyncGenerator<string> {
  if (typeof body === 'string') {
    yield body;
    return;
  }
  let ready = '';
  for (const piece of body) {
    ready += piece;
    if (ready.length < pieceSize) continue;
    yield ready;
    ready = '';
    await new Promise(setImmediate);
  }
  if (ready !== '') yield ready;
}

function acceptsGzip(request: IncomingMessage): boolean {
  const accepted = request.headers['accept-encoding'];
  return typeof accepted === 'string' && /(^|,)\s*gzip\s*(;\s*q=(1|0\.\d*[1-9])\d*\s*)?(,|$)/i.test(accepted);
}
