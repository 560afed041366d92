// Ends TLS for clients: the handshake, and whether the certificate that a client shows is accepted.
import { createHash, hkdfSync } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { DownstreamTls, Listener } from '../../ir/listener.ts';
import type { Clock, Timer } from '../core/clock.ts';
import type { ConnectionTls } from '../core/connection-tls.ts';
import type { TlsCounters, tlsCounterNames } from './counters.ts';
import type { Credentials, KeyPair } from './credentials.ts';
import { type DownstreamSettings, downstreamSettings } from './downstream-settings.ts';
import {
  certificateFailure,
  handshakeFailure,
  handshakeTimeout,
  hashFailure,
  namesFailure,
  noCertificate,
  secretsNotReady,
  type TlsFailure,
} from './failure.ts';
import { judge } from './judge.ts';
import { NamedPairs } from './named-pairs.ts';
import { parameters } from './parameters.ts';
import { type ShownCertificate, shownCertificate, uriNames } from './peer-certificate.ts';
import { rawSocket, resetAndDestroy } from './raw-socket.ts';
import { revocationLists } from './revocation-lists.ts';
import { sentChain } from './sent-chain.ts';

/** A connection whose handshake is over. */
export interface SecuredConnection {
  socket: TLSSocket;
  /** Empty: none was agreed on. */
  applicationProtocol: string;
  tls: ConnectionTls;
}

export interface TerminationOptions {
  credentials: Credentials;
  clock: Clock;
  /** From the ClientHello to the end of the handshake. */
  handshakeMs: number;
  /** All threads of a process have the same: a client that comes back may meet another one. */
  sessionSecret: () => Uint8Array;
}

/** Of the table in force. */
export interface TerminationScope {
  namespace: string;
  trustDomains: readonly string[];
}

export interface Hello {
  socket: Socket;
  /** What was read of it already. */
  bytes: Buffer;
  /** That the client asks for, in lower case; empty: none. */
  serverName: string;
  /** As the client offers them. */
  applicationProtocols: readonly string[];
  direction: Listener['direction'];
  counters: TlsCounters;
}

export interface HandshakeEnd {
  secured(connection: SecuredConnection): void;
  /** The connection is closed already. */
  refused(failure: TlsFailure): void;
}

/** Makes TLS with certain settings. */
interface Terminator {
  settings: DownstreamSettings;
  pairs: NamedPairs;
  localUriSans: readonly string[];
  /** By the certificates that they show, and the protocols that they agree on: chains of several filters may be with the same settings. */
  servers: Map<string, Server>;
  secrets: { ticketKeys: Buffer; sessionIdContext: string };
}

interface Handshake {
  terminator: Terminator;
  end: HandshakeEnd;
  counters: TlsCounters;
  timer: Timer;
}

/** Of the ClientHello, and of the rest of the handshake, as in the reference. */
export const defaultHandshakeMs = 15_000;

export class TlsTermination {
  private readonly options: TerminationOptions;
  private scope: TerminationScope = { namespace: '', trustDomains: [] };
  /** By what decides: chains with the same certificates and conditions share them. Those before the last change may be taken over. */
  private current = new Map<string, Terminator>();
  private former = new Map<string, Terminator>();
  private ofChain = new WeakMap<DownstreamTls, Terminator>();
  private readonly handshakes = new WeakMap<Socket, Handshake>();
  private readonly pending = new Set<Socket>();

  constructor(options: TerminationOptions) {
    this.options = options;
    options.credentials.onChange(() => this.renew());
  }

  /** Of a new table. */
  setScope(scope: TerminationScope): void {
    if (isDeepStrictEqual(scope, this.scope)) return;
    this.scope = scope;
    this.renew();
  }

  /** What is asked for next is made of the certificates and settings that there are then. */
  private renew(): void {
    this.former = this.current;
    this.current = new Map();
    this.ofChain = new WeakMap();
  }

  /** Connections in their handshake. */
  get size(): number {
    return this.pending.size;
  }

  destroyAll(): void {
    for (const socket of this.pending) socket.destroy();
  }

  /** One of `end` is called, once, unless the client goes away before. */
  accept(hello: Hello, tls: DownstreamTls, end: HandshakeEnd): void {
    const { socket, bytes, counters } = hello;
    const terminator = this.terminatorOf(tls, hello.direction);
    const server = terminator && this.serverOf(terminator, tls, hello);
    if (!terminator || !server) {
      counters.secrets_not_ready++;
      resetAndDestroy(socket);
      end.refused(secretsNotReady);
      return;
    }
    const timer = this.options.clock.setTimer(this.options.handshakeMs, () => this.refuse(socket, handshakeTimeout));
    this.handshakes.set(socket, { terminator, end, counters, timer });
    this.pending.add(socket);
    socket.once('close', () => {
      this.pending.delete(socket);
      timer.cancel();
    });
    if (bytes.length > 0) socket.unshift(bytes);
    server.emit('connection', socket);
  }

  private terminatorOf(tls: DownstreamTls, direction: Listener['direction']): Terminator | undefined {
    const known = this.ofChain.get(tls);
    if (known) return known;
    const settings = downstreamSettings(tls, { ...this.scope, credentials: this.options.credentials, direction });
    if (!settings) return undefined;
    const key = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
    let made = this.current.get(key);
    if (!made) {
      made = this.former.get(key) ?? newTerminator(settings, key, this.options.sessionSecret());
      this.current.set(key, made);
    }
    this.ofChain.set(tls, made);
    return made;
  }

  private serverOf(terminator: Terminator, { alpn }: DownstreamTls, { applicationProtocols: offered, serverName }: Hello): Server | undefined {
    const { settings, pairs, servers } = terminator;
    // OpenSSL refuses a client with which no protocol is common; the reference goes on without one.
    const protocols = alpn.some((protocol) => offered.includes(protocol)) ? alpn : [];
    const shown = pairs.shownFor(serverName);
    const key = `${protocols.join()} ${shown.map((pair) => settings.pairs.indexOf(pair)).join()}`;
    try {
      const server = servers.get(key) ?? this.newServer(terminator, shown, protocols);
      servers.set(key, server);
      return server;
    } catch {
      // A certificate or key that cannot be read, or of another key: whoever read them has said so.
      return undefined;
    }
  }

  private newServer({ settings, secrets }: Terminator, pairs: readonly KeyPair[], alpn: readonly string[]): Server {
    const { clients, roots, revoked } = settings;
    const server = createServer({
      ...parameters({ ...settings.parameters, ecdsaFirst: pairs.length > 1 }),
      ...secrets,
      cert: pairs.map(({ certificateChain }) => sentChain(certificateChain, roots)),
      key: pairs.map(({ privateKey }) => privateKey),
      ...(clients === 'not-asked' ? {} : { ca: roots, requestCert: true, rejectUnauthorized: clients === 'required', allowPartialTrustChain: true }),
      ...(revoked === '' ? {} : { crl: revocationLists(revoked) }),
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
      // Ours is from the first byte to the last one, also for a client that sends one byte at a time.
      handshakeTimeout: 2 * this.options.handshakeMs,
    });
    server.on('secureConnection', (socket) => this.onSecure(socket));
    server.on('tlsClientError', (error, socket) => this.onError(error, socket));
    return server;
  }

  private onSecure(socket: TLSSocket): void {
    const raw = rawSocket(socket);
    const handshake = raw && this.handshakes.get(raw);
    if (!raw || !handshake) {
      socket.destroy();
      return;
    }
    // What goes wrong from now on ends the connection; `close` tells of it.
    socket.on('error', () => socket.destroy());
    const { terminator, counters, end } = handshake;
    const shown = this.shownBy(socket, terminator.settings);
    if (shown !== undefined && 'kind' in shown) {
      this.refuse(raw, shown);
      return;
    }
    if (shown === undefined && terminator.settings.clients === 'optional') counters.no_certificate++;
    const version = socket.getProtocol() ?? '';
    const cipher = socket.getCipher().name;
    counters.established(version, cipher, socket.isSessionReused());
    this.release(raw, handshake);
    end.secured({
      socket,
      applicationProtocol: socket.alpnProtocol || '',
      tls: { version, cipher, localUriSans: terminator.localUriSans, ...(shown ? { peerCertificate: shown } : {}) },
    });
  }

  /** The certificate that the client showed, where one is asked for; or why it is not accepted. */
  private shownBy(socket: TLSSocket, { clients, conditions }: DownstreamSettings): ShownCertificate | TlsFailure | undefined {
    if (clients === 'not-asked') return undefined;
    const x509 = socket.getPeerX509Certificate();
    if (!x509) return clients === 'optional' ? undefined : noCertificate;
    if (!socket.authorized) return certificateFailure(String(socket.authorizationError));
    const shown = shownCertificate(x509);
    switch (judge(shown, conditions, this.options.clock.wallTime())) {
      case 'expired':
        return certificateFailure('CERT_HAS_EXPIRED');
      case 'names':
        return namesFailure(shown.names);
      case 'hash':
        return hashFailure;
      default:
        return shown;
    }
  }

  private onError(error: Error, socket: TLSSocket): void {
    const raw = rawSocket(socket);
    const handshake = raw && this.handshakes.get(raw);
    if (!raw || !handshake) return;
    // Node has refused the certificate, and tells nothing but that the connection ended.
    const refused = socket.authorizationError as unknown;
    this.refuse(raw, typeof refused === 'string' && refused !== '' ? certificateFailure(refused) : handshakeFailure(error));
  }

  private refuse(raw: Socket, failure: TlsFailure): void {
    const handshake = this.handshakes.get(raw);
    if (!handshake) return;
    this.release(raw, handshake);
    const counter = counterOf[failure.kind];
    if (counter) handshake.counters[counter]++;
    raw.destroy();
    handshake.end.refused(failure);
  }

  private release(raw: Socket, { timer }: Handshake): void {
    timer.cancel();
    this.handshakes.delete(raw);
    this.pending.delete(raw);
  }
}

const counterOf: Partial<Record<TlsFailure['kind'], (typeof tlsCounterNames)[number]>> = {
  'no-certificate': 'fail_verify_no_cert',
  certificate: 'fail_verify_error',
  names: 'fail_verify_san',
  hash: 'fail_verify_cert_hash',
  protocol: 'connection_error',
};

function newTerminator(settings: DownstreamSettings, key: string, sessionSecret: Uint8Array): Terminator {
  return {
    settings,
    pairs: new NamedPairs(settings.pairs),
    localUriSans: uriNames(settings.pairs[0]?.certificateChain ?? ''),
    servers: new Map(),
    // A session goes on only where it began: with the same certificates, roots and conditions.
    secrets: { ticketKeys: Buffer.from(hkdfSync('sha256', sessionSecret, '', key, 48)), sessionIdContext: key.slice(0, 32) },
  };
}
