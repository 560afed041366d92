import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { KeyPair } from '../../../proxy/tls/credentials.ts';
import type { SimulatedHttpRequest } from '../../../simulate/request.ts';
import { requestIdHeader } from './backends.ts';
import type { Place } from './places.ts';

/** What a client got. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** How a client connects. */
export interface Via extends Place {
  /** Address of this machine that it connects from. */
  source?: string;
  /** Absent: plain text. */
  tls?: { serverName: string; applicationProtocols: readonly string[]; pair?: KeyPair };
}

/** No answer takes longer: nobody waits for delays here. */
const answerMs = 10_000;

/** The Host header: it tells the port, too, where the listener does not. */
export function hostHeader({ authority = '', port }: SimulatedHttpRequest, ownListener: boolean): string {
  return ownListener || port === undefined || /:\d+$/.test(authority) ? authority : `${authority}:${port}`;
}

export class Client {
  private readonly agent: Agent;

  constructor(concurrency: number) {
    this.agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  }

  /**
   * @param host Host header
   * @param id of the request, as `Backends` knows it
   * @throws Error where there is no answer
   */
  send(request: SimulatedHttpRequest, host: string, { address, port, source, tls }: Via, id: string): Promise<Answer> {
    const { method, path, headers = [], version } = request;
    // Each of them proves who it is with a connection of its own.
    if (tls || version === 'HTTP/2')
      return this.sendAlone(request, host, { address, port, ...(source === undefined ? {} : { source }), ...(tls ? { tls } : {}) }, id);
    const flat = ['host', host, ...headers.flat(), requestIdHeader, id];
    const from = source === undefined ? {} : { localAddress: source };
    return answerOf(() => httpRequest({ agent: this.agent, host: address, port, method, path, headers: flat, signal: AbortSignal.timeout(answerMs), ...from }));
  }

  close(): void {
    this.agent.destroy();
  }

  private async sendAlone({ method, path, headers = [], version }: SimulatedHttpRequest, host: string, via: Via, id: string): Promise<Answer> {
    const socket = await connected(via);
    try {
      if (version === 'HTTP/2') {
        const all = { ':method': method, ':path': path, ':authority': host, ':scheme': 'http', ...listed(headers), [requestIdHeader]: id };
        return await answerOfHttp2(socket, all);
      }
      const flat = ['host', host, ...headers.flat(), requestIdHeader, id];
      return await answerOf(() => httpRequest({ createConnection: () => socket, method, path, headers: flat, signal: AbortSignal.timeout(answerMs) }));
    } finally {
      socket.destroy();
    }
  }
}

/** @throws Error where the handshake fails */
function connected({ address, port, source, tls }: Via): Promise<Socket> {
  const tcp = connectTcp({ host: address, port, ...(source === undefined ? {} : { localAddress: source }) });
  const socket = tls
    ? connectTls({
        socket: tcp,
        servername: tls.serverName,
        ALPNProtocols: [...tls.applicationProtocols],
        // What is tried is whom the proxy lets in, and not who the proxy is.
        rejectUnauthorized: false,
        ...(tls.pair ? { cert: tls.pair.certificateChain, key: tls.pair.privateKey } : {}),
      })
    : tcp;
  socket.setTimeout(answerMs, () => socket.destroy(new Error(`no answer in ${answerMs / 1000} s`)));
  return new Promise((resolve, reject) => {
    for (const one of new Set([tcp, socket])) one.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
    socket.once(tls ? 'secureConnect' : 'connect', () => resolve(socket));
  });
}

function answerOf(send: () => ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = send();
    request.on('error', reject);
    request.on('response', (response: IncomingMessage) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: texts(response.headers), body }));
    });
    request.end();
  });
}

function answerOfHttp2(socket: Socket, headers: Record<string, string | string[]>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2('http://localhost', { createConnection: () => socket });
    session.once('error', reject);
    const stream = session.request(headers, { endStream: true });
    let got: IncomingHttpHeaders & { ':status'?: number } = {};
    let body = '';
    stream.setEncoding('utf8');
    stream.once('response', (response) => {
      got = response;
    });
    stream.on('data', (text: string) => {
      body += text;
    });
    stream.once('error', reject);
    stream.once('close', () => {
      session.destroy();
      if (got[':status'] === undefined) reject(new Error('the stream was closed'));
      else resolve({ status: got[':status'], headers: texts(got), body });
    });
  });
}

function texts(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value ?? '')]));
}

/** Headers of one name together. */
function listed(headers: NonNullable<SimulatedHttpRequest['headers']>): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = {};
  for (const [written, value] of headers) {
    const name = written.toLowerCase();
    const known = out[name];
    out[name] = known === undefined ? value : [known, value].flat();
  }
  return out;
}
