import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KeyPair } from '../../pki/pem.ts';
import { NoReviewError } from './admission.ts';

/** Answers one review with another. @throws NoReviewError */
export type ReviewHandler = (review: unknown) => unknown | Promise<unknown>;

export interface WebhookServerSettings {
  /** By the first part of the path: `/inject` takes `/inject/…`, too. */
  handlers: Readonly<Record<string, ReviewHandler>>;
  /** A request that was refused: what was wrong with it. */
  refused(path: string, problem: string): void;
  /** A request that failed inside: a bug. */
  failed(path: string, error: unknown): void;
}

/** An object of 3 MiB, which is as much as API servers take, twice, with what is around it. */
const mostBodyBytes = 8 << 20;
/** Of all bodies that are being read: whoever reaches the port can send as many as there may be connections. */
const mostBytesUnderWay = 64 << 20;
/** API servers wait no longer than 30 s. */
const requestTimeoutMs = 30_000;
/** Who does not get to speak, or does not take what it is answered, does not keep one of the connections. */
const greetingMs = 10_000;
const silenceMs = 90_000;
/** How often these times are looked at. */
const checkMs = 5_000;

/** The webhooks that the API server calls, over TLS with a certificate that can change at any time. */
export class WebhookServer {
  private readonly settings: WebhookServerSettings;
  private readonly server: Server;
  private closing = false;
  private underWay = 0;
  private bytesUnderWay = 0;
  private idle: (() => void) | undefined;

  constructor(settings: WebhookServerSettings, certificate: KeyPair) {
    this.settings = settings;
    const times = { handshakeTimeout: greetingMs, headersTimeout: greetingMs, requestTimeout: requestTimeoutMs, keepAliveTimeout: 60_000 };
    const limits = { ...times, connectionsCheckingInterval: checkMs, maxHeaderSize: 16 * 1024 };
    this.server = createServer({ ...limits, ...secureContext(certificate) }, (request, response) => void this.answer(request, response));
    this.server.setTimeout(silenceMs);
    this.server.maxConnections = 1_000;
  }

  /** Connections that are there stay; new ones see this one. */
  setCertificate(certificate: KeyPair): void {
    this.server.setSecureContext(secureContext(certificate));
  }

  /** @throws the system's error where the address cannot be had */
  listen(port: number, host: string): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port, host }, () => {
        this.server.off('error', reject);
        this.server.on('error', (error) => this.settings.failed('', error));
        resolve(this.server.address() as AddressInfo);
      });
    });
  }

  /** Answers what is under way, for so long at most, and ends. */
  async close(withinMs: number): Promise<void> {
    this.closing = true;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    if (this.underWay > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.idle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.underWay++;
    const path = (request.url ?? '/').split('?')[0] as string;
    try {
      const { status, type, body } = await this.reply(request, path);
      response.writeHead(status, {
        'content-type': type,
        'content-length': Buffer.byteLength(body),
        ...(this.closing || isUnread(status) ? { connection: 'close' } : {}),
      });
      await new Promise<void>((resolve) => {
        response.once('close', resolve);
        response.end(body, () => resolve());
      });
      // The rest of the body is not read.
      if (isUnread(status)) request.destroy();
    } catch {
      // The client is gone.
      response.destroy();
    } finally {
      this.underWay--;
      if (this.underWay === 0) this.idle?.();
    }
  }

  private async reply(request: IncomingMessage, path: string): Promise<{ status: number; type: string; body: string }> {
    const handler = this.settings.handlers[`/${path.split('/')[1] ?? ''}`];
    const problem = (status: number, text: string): { status: number; type: string; body: string } => {
      this.settings.refused(path, text);
      return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
    };
    if (!handler) return problem(404, `there is no webhook at ${path}`);
    if (request.method !== 'POST') return problem(405, 'webhooks are called with POST');
    const body = await this.readBody(request);
    if (body === 'too long') return problem(413, `the body has more than ${mostBodyBytes} bytes`);
    if (body === 'too many') return problem(503, 'other requests are being read');
    try {
      const review = await handler(parseJson(body.text));
      return { status: 200, type: 'application/json', body: JSON.stringify(review) };
    } catch (error) {
      if (error instanceof NoReviewError) return problem(400, error.message);
      this.settings.failed(path, error);
      return { status: 500, type: 'text/plain; charset=utf-8', body: 'internal error\n' };
    }
  }

  /** @throws Error where the client went */
  private readBody(request: IncomingMessage): Promise<{ text: string } | 'too long' | 'too many'> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    return new Promise<{ text: string } | 'too long' | 'too many'>((resolve, reject) => {
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        this.bytesUnderWay += chunk.length;
        chunks.push(chunk);
        if (bytes <= mostBodyBytes && this.bytesUnderWay <= mostBytesUnderWay) return;
        request.pause();
        resolve(bytes > mostBodyBytes ? 'too long' : 'too many');
      });
      request.on('end', () => resolve({ text: Buffer.concat(chunks).toString('utf8') }));
      request.on('error', reject);
      request.on('close', () => reject(new Error('the client went away')));
    }).finally(() => {
      this.bytesUnderWay -= bytes;
      chunks.length = 0;
    });
  }
}

/** Of an answer to a request that was not read to its end. */
function isUnread(status: number): boolean {
  return status === 413 || status === 503;
}

function secureContext({ certificate, key }: KeyPair): { cert: string; key: string; minVersion: 'TLSv1.2' } {
  return { cert: certificate, key, minVersion: 'TLSv1.2' };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new NoReviewError(`the body is no JSON: ${(error as Error).message}`);
  }
}
