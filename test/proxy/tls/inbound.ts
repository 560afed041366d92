// A sidecar in front of an application, with everything that comes to it redirected.
import type { Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { ClientLimits } from '../../../src/proxy/client-limits.ts';
import type { ExchangeRecord } from '../../../src/proxy/core/exchange-record.ts';
import { flagsText } from '../../../src/proxy/core/response-flags.ts';
import type { Sidecar } from '../../../src/proxy/sidecar.ts';
import { testSidecar } from '../sidecar.ts';
import { freePorts, Peer, pause, tableOf, tcpBackend, toClose } from '../support.ts';

export interface Inbound {
  port: number;
  sidecar: Sidecar;
  log: ExchangeRecord[];
  /** `flags details chain` of each line. */
  lines(): string[];
}

export interface InboundOptions {
  mode: 'STRICT' | 'PERMISSIVE' | 'DISABLE';
  /** Name of the service's port: `http`, `tcp`, or `auto`. */
  kind: string;
  clientLimits?: ClientLimits;
  more?: string;
  meshConfig?: string;
  /** The application; default: HTTP for what looks so, though no POST is answered; else it tells what it got. */
  application?: (socket: Socket) => void;
}

function answer(socket: Socket): void {
  socket.on('data', (chunk: Buffer) => {
    const text = chunk.toString('latin1');
    // Stays under way.
    if (text.startsWith('POST')) return;
    if (/^[A-Z]+ \S+ HTTP/.test(text)) {
      const body = text.replaceAll('\r', '');
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    } else socket.write(`got ${chunk[0]?.toString(16)} ${text.slice(0, 20)}`);
  });
  socket.on('end', () => socket.end());
}

export async function inbound({ mode, kind, clientLimits, more = '', meshConfig, application = answer }: InboundOptions): Promise<Inbound> {
  const [port = 0] = await freePorts(1);
  const backend = await tcpBackend(application);
  const log: ExchangeRecord[] = [];
  const sidecar = testSidecar({
    inboundPort: port,
    meshTls: true,
    originalDestination: () => ({ address: '127.0.0.1', port: backend }),
    accessLog: (record) => void log.push(record),
    ...(clientLimits ? { clientLimits } : {}),
  });
  const manifests = `
apiVersion: v1
kind: Service
metadata: { name: app, namespace: shop }
spec:
  selector: { app: app }
  ports: [{ name: ${kind}, port: 80, targetPort: ${backend} }]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: shop }
spec: { mtls: { mode: ${mode} } }
${more}`;
  const table = await tableOf(manifests, [], meshConfig, { name: 'app', labels: { app: 'app' }, serviceAccount: 'app' });
  // Of the two ports of every sidecar only this one, and not with its own number.
  const listeners = table.listeners.flatMap((listener) => (listener.name === 'virtualInbound' ? [{ ...listener, port }] : []));
  await sidecar.apply({ ...table, listeners });
  const lines = (): string[] => log.map((one) => `${flagsText(one.flags)} ${one.details}`);
  return { port, sidecar, log, lines };
}

/** How a TLS client fares: what it reads until it has a whole response, the end, or a silence; or why there is no connection. */
export interface Outcome {
  received: string;
  /** Node's code, or `closed`. */
  error: string | undefined;
  protocol: string | undefined;
  alpn: string | undefined;
  socket: TLSSocket;
}

/** A client whose connection may end at any time, which is told to whoever listens. */
export function dial(options: ConnectionOptions): TLSSocket {
  const socket = connectTls({ host: '127.0.0.1', rejectUnauthorized: false, ...options });
  socket.on('error', () => {});
  return socket;
}

/** What has not answered by then does not. */
export const mostSilenceMs = 20_000;

/** All of a response of HTTP/1 whose length is known. */
export function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  const length = /^HTTP\/1\.1 [\s\S]*?\r\ncontent-length: (\d+)\r\n/.exec(text.slice(0, end + 2))?.[1];
  return end >= 0 && length !== undefined && text.length >= end + 4 + Number(length);
}

/** @param silenceMs after what came that is no response of HTTP, it was all */
export function secureClient(port: number, options: ConnectionOptions, send: string | Buffer, silenceMs = 300): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = dial({ port, ...options });
    toClose({ close: () => socket.destroy() });
    let received = '';
    let error: string | undefined;
    let timer: NodeJS.Timeout | undefined;
    let protocol: string | undefined;
    const end = (): void => {
      clearTimeout(timer);
      resolve({ received, error, protocol, alpn: socket.alpnProtocol || undefined, socket });
    };
    const endAfter = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(end, ms);
    };
    socket.on('secureConnect', () => {
      protocol = socket.getProtocol() ?? undefined;
      socket.write(send);
      endAfter(mostSilenceMs);
    });
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (isWhole(received)) end();
      else endAfter(received.startsWith('HTTP/') ? mostSilenceMs : silenceMs);
    });
    socket.on('error', (found: NodeJS.ErrnoException) => {
      error = found.code ?? found.message;
    });
    socket.on('close', () => {
      error ??= 'closed';
      end();
    });
  });
}

/** The same in plain text. @param mostMs whoever has not answered by then does not */
export async function plainClient(port: number, send: string | Buffer, silenceMs = 300, mostMs = mostSilenceMs): Promise<{ received: string; gone: boolean }> {
  const peer = new Peer(port);
  peer.send(send);
  const last = performance.now() + mostMs;
  const isHttp = (): boolean => peer.text.startsWith('HTTP/');
  while (!peer.gone && (isHttp() ? !isWhole(peer.text) : peer.bytes === 0) && performance.now() < last) await pause(5);
  for (let before = -1; !peer.gone && !isHttp() && peer.bytes !== before; await pause(silenceMs)) before = peer.bytes;
  return { received: peer.text, gone: peer.gone };
}
