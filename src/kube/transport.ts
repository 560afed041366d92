import { type Agent, request as httpRequest, IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Agents } from './agents.ts';
import type { Credentials } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import { KubeError } from './error.ts';
import { expiryText } from './expiry.ts';
import { Running } from './running.ts';
import { errorOfAnswer, type Purpose, serverText } from './status.ts';
import { errorOfConnection } from './unreachable.ts';

export interface Exchange {
  method: string;
  /** Path and query. */
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: Buffer | undefined;
  signal?: AbortSignal | undefined;
  /** Until the whole answer is there; of a stream until its first byte. */
  timeoutMs: number;
  purpose: Purpose;
}

/** A request to turn a connection over to another protocol, on its way. */
export interface Dialling<T extends Duplex> {
  /** Ends it. */
  destroy(error?: Error): void;
  /** The connection, or an answer that refuses it. */
  opened: Promise<T | IncomingMessage>;
}

/** Sends such a request. */
export type Dial<T extends Duplex> = (options: RequestOptions & { protocol: string }) => Dialling<T>;

/** No answer that weft asks for is as long: a page of 500 objects usually has less than 5 MB. */
const maxAnswerBytes = 256 * 1024 * 1024;

/** What a message of an error can need at most. */
const maxErrorBytes = 1024 * 1024;

const unzip = promisify(gunzip);

/** Sends single requests, over connections that are kept. Everything it throws is a KubeError. */
export class Transport {
  readonly endpoint: Endpoint;
  readonly #url: URL;
  readonly #credentials: Credentials;
  readonly #agents: Agents;
  readonly #running = new Set<Running>();
  #closed = false;

  constructor(endpoint: Endpoint, credentials: Credentials) {
    this.endpoint = endpoint;
    this.#url = new URL(endpoint.server);
    this.#credentials = credentials;
    this.#agents = new Agents(endpoint);
  }

  /** @returns the body of the answer, whose status is 2xx */
  async exchange(request: Exchange): Promise<Buffer> {
    const running = new Running(request.purpose, request.signal, this.#running);
    let complete = false;
    try {
      const response = await this.#send(request, running, this.endpoint.compress ?? false);
      const body = await this.#read(response, request, isSuccess(response) ? maxAnswerBytes : maxErrorBytes);
      complete = true;
      if (!isSuccess(response)) throw await this.#refusal(response, body, request);
      return body;
    } catch (error) {
      throw this.#told(error, running, request);
    } finally {
      running.end(complete);
    }
  }

  /**
   * Waits for an answer with status 2xx.
   *
   * @returns its body, to be read to the end or left early, either of which ends the request; reading throws when the connection is cut,
   * the signal aborts, or nothing comes for `idleMs`
   */
  async open(request: Exchange, idleMs: number): Promise<AsyncGenerator<Buffer, void, undefined>> {
    const running = new Running(request.purpose, request.signal, this.#running);
    let complete = false;
    try {
      const response = await this.#send(request, running, false);
      if (isSuccess(response)) return this.#chunks(response, request, running, idleMs);
      const body = await this.#read(response, request, maxErrorBytes);
      complete = true;
      throw await this.#refusal(response, body, request);
    } catch (error) {
      running.end(complete);
      throw this.#told(error, running, request);
    }
  }

  /**
   * Turns a connection over to another protocol; its method and headers are those that `dial` adds to the options.
   *
   * @returns the connection; aborting the signal and `close` destroy it with an error
   */
  async upgrade<T extends Duplex>(request: Exchange, dial: Dial<T>): Promise<T> {
    const running = new Running(request.purpose, request.signal, this.#running);
    try {
      const dialling = dial(await this.#prepare(request, running, false));
      running.sent(dialling);
      const opened = await dialling.opened;
      // Nobody else hears of an error that it has already.
      if (running.error) opened.on('error', () => {});
      running.answered(opened);
      if (opened instanceof IncomingMessage) {
        throw await this.#refusal(opened, await this.#read(opened, request, maxErrorBytes), request);
      }
      running.unlimited();
      opened.once('close', () => running.end(true));
      if (running.error) throw running.error;
      return opened;
    } catch (error) {
      // API servers close a connection after they have passed on that a kubelet refuses, and do not say so.
      running.end(false);
      throw this.#told(error, running, request);
    }
  }

  async *#chunks(response: IncomingMessage, request: Exchange, running: Running, idleMs: number): AsyncGenerator<Buffer, void, undefined> {
    const silent = (): KubeError =>
      new KubeError(`cannot ${request.purpose}: ${serverText(this.endpoint)} has been silent for ${Math.round(idleMs / 1000)} s`, { reason: 'Timeout' });
    let complete = false;
    try {
      running.limit(idleMs, silent);
      for await (const chunk of response) {
        // Time that the reader takes is not the server's silence.
        running.unlimited();
        yield chunk as Buffer;
        running.limit(idleMs, silent);
      }
      complete = true;
    } catch (error) {
      throw this.#told(error, running, request);
    } finally {
      running.end(complete);
    }
  }

  /** After the server refused the credentials of a request. @returns whether the next one would have others */
  renewCredentials(): Promise<boolean> {
    return this.#credentials.renew();
  }

  /** Ends all connections, and fails what still uses them. */
  close(): void {
    this.#closed = true;
    for (const running of [...this.#running]) running.fail(closedError());
    this.#agents.close();
  }

  async #send(request: Exchange, running: Running, compress: boolean): Promise<IncomingMessage> {
    const options = await this.#prepare(request, running, compress);
    return new Promise((resolve, reject) => {
      const sent = (options.protocol === 'https:' ? httpsRequest : httpRequest)(options);
      sent.once('response', (response) => {
        running.answered(response);
        resolve(response);
      });
      sent.on('error', reject);
      running.sent(sent);
      sent.end(request.body);
    });
  }

  /** Where a request goes and as whom, with a connection for it; its time runs. */
  async #prepare(request: Exchange, running: Running, compress: boolean): Promise<RequestOptions & { protocol: string }> {
    if (this.#closed) throw closedError();
    const { timeoutMs, purpose, body } = request;
    running.limit(
      timeoutMs,
      () =>
        new KubeError(`cannot ${purpose}: ${serverText(this.endpoint)} does not answer within ${timeoutMs / 1000} s`, {
          reason: 'Timeout',
          help: 'Is the cluster overloaded, or a firewall in between? --kubeclient-timeout gives it more time.',
        }),
    );
    const { headers, certificate } = await running.before(this.#credentials.current());
    const agent: Agent = await running.before(this.#agents.for(certificate));
    const { protocol, hostname, port, pathname } = this.#url;
    return {
      protocol,
      method: request.method,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port: port || (protocol === 'https:' ? 443 : 80),
      path: `${pathname.replace(/\/$/, '')}${request.path}`,
      headers: {
        'user-agent': 'weft',
        ...(compress ? { 'accept-encoding': 'gzip' } : {}),
        ...headers,
        ...request.headers,
        ...(body ? { 'content-length': String(body.length) } : {}),
      },
      agent,
    };
  }

  async #read(response: IncomingMessage, { purpose }: Exchange, limit: number): Promise<Buffer> {
    const tooLarge = (): KubeError =>
      new KubeError(`cannot ${purpose}: the answer of ${serverText(this.endpoint)} is longer than ${limit >> 20} MB`, { reason: 'TooLarge' });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > limit) throw tooLarge();
      chunks.push(chunk);
    }
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length);
    if (response.headers['content-encoding'] !== 'gzip') return body;
    return unzip(body, { maxOutputLength: limit }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ERR_BUFFER_TOO_LARGE'
        ? tooLarge()
        : new KubeError(`cannot ${purpose}: the answer of ${serverText(this.endpoint)} cannot be unpacked: ${error.message}`, { reason: 'BadAnswer' });
    });
  }

  async #refusal({ statusCode = 0, headers }: IncomingMessage, body: Buffer, { purpose }: Exchange): Promise<KubeError> {
    const error = errorOfAnswer(statusCode, body.toString(), purpose, this.endpoint, headers['retry-after']);
    if (statusCode !== 401) return error;
    const expired = expiryText(await this.#credentials.current(), Date.now());
    return expired === undefined ? error : new KubeError(`${error.message}: ${expired}`, error);
  }

  #told(error: unknown, running: Running, { purpose }: Exchange): KubeError {
    if (running.error) return running.error;
    return error instanceof KubeError ? error : errorOfConnection(error, purpose, this.endpoint);
  }
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

function closedError(): KubeError {
  return new KubeError('the connection to the cluster was closed', { reason: 'Aborted' });
}
