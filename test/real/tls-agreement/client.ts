// One connection to a proxy, and what becomes of it.
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type SecureVersion, type TLSSocket } from 'node:tls';
import type { CertificateName, Certificates } from './certificates.ts';

export interface TlsOffer {
  /** Absent: the client names nobody. */
  sni?: string;
  alpn: readonly string[];
  minVersion?: SecureVersion;
  maxVersion?: SecureVersion;
  /** Of TLS 1.2 and before, in the words of OpenSSL. */
  ciphers?: string;
  /** Of the key exchange, the same. */
  curves?: string;
  certificate?: CertificateName;
  /** The client comes back, and goes on with the session that it had. */
  resume?: boolean;
}

/** `as-agreed`: HTTP/2 where that was agreed on, else HTTP/1. */
export type Speech = 'as-agreed' | 'http1' | 'http2' | 'bytes';

export interface Probe {
  /** Which port of the set. */
  slot: number;
  /** Absent: plain text. */
  tls?: TlsOffer;
  speech: Speech;
  host: string;
  path: string;
  headers: Readonly<Record<string, string>>;
}

/** Where an engine is to be found. */
export interface Target {
  port: number;
  /** The client connects from there. */
  localAddress?: string;
  /** Is sent before all else. */
  before?: (socket: Socket) => string;
}

export interface Answer {
  /** Of HTTP. */
  status?: number;
  headers?: readonly string[];
  /** What came, if it was text; `…` where it was none. */
  body: string;
  /** The connection stays open without a word. */
  silent?: true;
}

/** `refused`: no handshake, or one after which the connection was closed without a byte (docs/deviations.json). */
export interface Outcome {
  tls?: 'refused' | { version: string; cipher: string; alpn: string; certificate: string; resumed: boolean };
  answer?: Answer;
  /** Why, in the words of this side: not compared. */
  remark?: string;
}

/** What has not answered by then does not. */
const mostSilenceMs = 8000;
const connectMs = 60_000;

const differing = new Set(['date', 'x-envoy-upstream-service-time', 'connection', 'keep-alive']);
/** HTTP of neither version; longer than the preface of HTTP/2. */
const someBytes = 'HELLO, this is no request of any version\n';

export async function ask(target: Target, probe: Probe, certificates: Certificates): Promise<Outcome> {
  let session: Buffer | undefined;
  if (probe.tls?.resume) await askOnce(target, probe, certificates, { keep: (bytes) => (session = bytes) });
  return askOnce(target, probe, certificates, { session });
}

interface Resumption {
  /** Of a connection before. */
  session?: Buffer | undefined;
  /** Is given those that may go on. */
  keep?: (session: Buffer) => void;
}

async function askOnce(target: Target, probe: Probe, certificates: Certificates, resumption: Resumption): Promise<Outcome> {
  let raw: Socket;
  try {
    raw = await opened(target);
  } catch (error) {
    return { ...(probe.tls ? { tls: 'refused' as const } : { answer: { body: '' } }), remark: String((error as NodeJS.ErrnoException).code) };
  }
  try {
    if (!probe.tls) return await exchanged(raw, probe, '');
    const { socket, remark } = await secured(raw, probe.tls, certificates, resumption);
    if (!socket) return { tls: 'refused', remark };
    const tls = {
      version: socket.getProtocol() ?? '',
      cipher: socket.getCipher().name,
      alpn: socket.alpnProtocol || '',
      certificate: certificates.nameOf(socket.getPeerX509Certificate()),
      resumed: socket.isSessionReused(),
    };
    const outcome = await exchanged(socket, probe, tls.alpn);
    const { answer } = outcome;
    if (answer?.status === undefined && answer?.body === '' && !answer.silent) return { tls: 'refused', remark: `after the handshake: ${outcome.remark}` };
    return { tls, ...outcome };
  } finally {
    raw.destroy();
  }
}

function opened({ port, localAddress, before }: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: '127.0.0.1', port, ...(localAddress ? { localAddress } : {}), noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      if (!before) resolve(socket);
      else socket.write(before(socket), () => resolve(socket));
    });
  });
}

function secured(raw: Socket, offer: TlsOffer, certificates: Certificates, { session, keep }: Resumption): Promise<{ socket?: TLSSocket; remark: string }> {
  return new Promise((resolve) => {
    const { sni, alpn, minVersion, maxVersion, ciphers, curves, certificate } = offer;
    const old = (maxVersion ?? 'TLSv1.3') < 'TLSv1.2' || (minVersion ?? 'TLSv1.2') < 'TLSv1.2';
    const socket = connectTls({
      socket: raw,
      rejectUnauthorized: false,
      // Otherwise the address would be one.
      servername: sni ?? '',
      minVersion: minVersion ?? 'TLSv1.2',
      maxVersion: maxVersion ?? 'TLSv1.3',
      ...(alpn.length > 0 ? { ALPNProtocols: [...alpn] } : {}),
      ...(ciphers || old ? { ciphers: `${ciphers ?? 'ALL'}:@SECLEVEL=0` } : {}),
      ...(curves ? { ecdhCurve: curves } : {}),
      ...(session ? { session } : {}),
      ...(certificate ? certificates.pair(certificate) : {}),
    });
    const timer = setTimeout(() => resolve({ remark: 'no end of the handshake' }), connectMs);
    const end = (result: { socket?: TLSSocket; remark: string }): void => {
      clearTimeout(timer);
      resolve(result);
    };
    if (keep) socket.on('session', keep);
    socket.once('secureConnect', () => {
      socket.on('error', () => {});
      end({ socket, remark: '' });
    });
    socket.once('error', (error: NodeJS.ErrnoException) => end({ remark: error.code ?? error.message }));
    socket.once('close', () => end({ remark: 'closed' }));
  });
}

function exchanged(socket: Socket, probe: Probe, agreed: string): Promise<Outcome> {
  const { speech } = probe;
  if (speech === 'bytes') return read(socket, someBytes);
  return speech === 'http2' || (speech === 'as-agreed' && agreed === 'h2') ? overHttp2(socket, probe) : read(socket, requestText(probe));
}

function requestText({ host, path, headers }: Probe): string {
  const lines = Object.entries({ host, ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** All that comes until the end. */
function read(socket: Socket, text: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let remark = '';
    const end = (silent: boolean): void => {
      clearTimeout(timer);
      const answer = answerOf(Buffer.concat(chunks).toString('latin1'));
      resolve({ answer: silent ? { ...answer, silent: true } : answer, remark });
    };
    const timer = setTimeout(() => end(true), mostSilenceMs);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      // Some close only a second later.
      if (isWhole(Buffer.concat(chunks).toString('latin1'))) end(false);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      remark = error.code ?? error.message;
    });
    socket.once('end', () => end(false));
    socket.once('close', () => end(false));
    socket.write(text);
  });
}

/** Whether there is nothing more to come of a response. */
function isWhole(text: string): boolean {
  const length = /^HTTP\/1\.1 [\s\S]*?\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1];
  const end = text.indexOf('\r\n\r\n');
  return length !== undefined && end >= 0 && text.length - end - 4 >= Number(length);
}

function answerOf(text: string): Answer {
  const head = /^HTTP\/1\.1 (\d+)[^\r]*\r\n([\s\S]*?)\r\n\r\n/.exec(text);
  if (!head) return { body: readable(text) };
  const headers = (head[2] ?? '').split('\r\n').map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as [string, string];
  });
  return { status: Number(head[1]), headers: kept(headers), body: readable(text.slice(head[0].length)) };
}

function kept(headers: readonly [string, string][]): string[] {
  return headers.flatMap(([name, value]) => (name === '' || differing.has(name) ? [] : `${name}: ${value}`)).sort();
}

function readable(text: string): string {
  return /^[\t\r\n -~]*$/.test(text) ? text : '…';
}

function overHttp2(socket: Socket, { host, path, headers }: Probe): Promise<Outcome> {
  return new Promise((resolve) => {
    const session = connectHttp2('http://any', { createConnection: () => socket });
    let remark = '';
    let status: number | undefined;
    let body = '';
    let got: string[] = [];
    let over = false;
    const end = (silent: boolean): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      session.destroy();
      const answer: Answer = { ...(status === undefined ? {} : { status, headers: got }), body };
      resolve({ answer: silent ? { ...answer, silent: true } : answer, remark });
    };
    const timer = setTimeout(() => end(true), mostSilenceMs);
    session.on('error', (error: NodeJS.ErrnoException) => {
      remark = error.code ?? error.message;
      end(false);
    });
    session.on('close', () => end(false));
    const stream = session.request({ ':path': path, ':authority': host, ':scheme': 'https', ...headers });
    stream.on('response', (all) => {
      status = Number(all[':status']);
      got = kept(Object.entries(all).flatMap(([name, value]): [string, string][] => (name.startsWith(':') ? [] : [[name, String(value)]])));
    });
    stream.setEncoding('latin1').on('data', (text: string) => {
      body += text;
    });
    stream.on('error', (error: NodeJS.ErrnoException) => {
      remark = error.code ?? error.message;
      end(false);
    });
    stream.on('close', () => end(false));
    stream.end();
  });
}
