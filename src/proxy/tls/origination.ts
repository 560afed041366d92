// Speaks TLS to endpoints: with which certificates, whether the server is who it should be, and sessions that go on.
import { createHash, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect, createSecureContext, type DetailedPeerCertificate, type SecureContext, type TLSSocket } from 'node:tls';
import type { Cluster, UpstreamTls } from '../../ir/cluster.ts';
import type { Host } from '../core/balance/host.ts';
import type { Clock } from '../core/clock.ts';
import { offeredProtocols, speaksTls } from '../core/upstream-tls.ts';
import { hasAltName, parseAltNames } from './alt-names.ts';
import type { TlsCounters } from './counters.ts';
import type { Credentials } from './credentials.ts';
import { HandshakeError, handshakeFailure, namesFailure, secretsNotReady } from './failure.ts';
import { parameters } from './parameters.ts';
import { revocationLists } from './revocation-lists.ts';
import { sentChain } from './sent-chain.ts';
import { Sessions } from './sessions.ts';
import { acceptedNames, namesOfRequest, serverNameFor, type UpstreamSettings, upstreamSettings } from './upstream-settings.ts';

export interface OriginationOptions {
  credentials: Credentials;
  clock: Clock;
  /** This proxy has an identity of the mesh, or will have one; else what would be mTLS is plain text. */
  meshTls: boolean;
}

/** What one connection is for. */
export interface SecureTarget {
  cluster: Cluster;
  host: Host;
  inside: 'http1' | 'http2' | 'tcp';
  /** Host of the request, where names are not written; empty: there is none. */
  name: string;
  counters: () => TlsCounters;
}

/**
 * Makes TLS of a connection. `secureConnect` of what it returns ends the handshake, `error` with what `handshakeFailure` reads tells
 * that it failed.
 *
 * @throws HandshakeError where certificates are missing
 */
export type Secure = (socket: Socket) => Socket;

interface Context {
  key: string;
  context: SecureContext;
  verifies: boolean;
}

const crossRoots = { allowPartialTrustChain: true };

export class TlsOrigination {
  private readonly options: OriginationOptions;
  private namespace = '';
  /** By what decides; those before the last change may be taken over. */
  private current = new Map<string, Context>();
  private former = new Map<string, Context>();
  private ofTls = new WeakMap<UpstreamTls, Context>();
  private readonly sessions = new Sessions();

  constructor(options: OriginationOptions) {
    this.options = options;
    options.credentials.onChange(() => this.renew());
  }

  /** Of a new table. */
  setScope({ namespace }: { namespace: string }): void {
    if (namespace === this.namespace) return;
    this.namespace = namespace;
    this.renew();
  }

  private renew(): void {
    this.former = this.current;
    this.current = new Map();
    this.ofTls = new WeakMap();
  }

  /** Whether requests of different hosts need connections of their own to the cluster. */
  needsNames({ tls }: Cluster): boolean {
    return namesOfRequest(tls);
  }

  /** @returns undefined: plain text */
  secure(target: SecureTarget): Secure | undefined {
    const { cluster, host } = target;
    return speaksTls(cluster, host.endpoint, this.options.meshTls) ? (socket) => this.connect(socket, target) : undefined;
  }

  private connect(socket: Socket, { cluster: { tls }, host, inside, name: ofRequest, counters }: SecureTarget): TLSSocket {
    const made = this.contextOf(tls);
    if (!made) {
      counters().secrets_not_ready++;
      throw new HandshakeError(secretsNotReady);
    }
    const name = namesOfRequest(tls) ? ofRequest : '';
    const names = made.verifies ? acceptedNames(tls, name) : [];
    const servername = serverNameFor(tls, name);
    const protocols = offeredProtocols(tls, inside);
    const server = [made.key, host.key, servername, ...names.flat(), '', ...protocols].join('\n');
    const { clock } = this.options;
    const now = clock.wallTime();
    const taken = this.sessions.take(server, now);
    const secured = connect({
      socket,
      secureContext: made.context,
      rejectUnauthorized: made.verifies,
      checkServerIdentity: (_host, { subjectaltname }) => {
        if (names.length === 0) return undefined;
        const shown = parseAltNames(subjectaltname);
        const missing = names.find((list) => !hasAltName(shown, list));
        return missing && new HandshakeError(namesFailure(shown, missing === tls.subjectAltNames ? undefined : missing));
      },
      ...(servername === undefined ? {} : { servername }),
      ...(protocols.length === 0 ? {} : { ALPNProtocols: protocols }),
      ...(taken ? { session: taken.bytes } : {}),
    });
    // To be had once: Node takes it out of what OpenSSL has of the connection.
    let x509: X509Certificate | undefined;
    const certificate = (): X509Certificate | undefined => {
      x509 ??= secured.getPeerX509Certificate();
      return x509;
    };
    // Node reads everything that a certificate has for `checkServerIdentity`, which takes longer than to verify it.
    secured.getPeerCertificate = () => ({ subjectaltname: names.length === 0 ? undefined : certificate()?.subjectAltName }) as DetailedPeerCertificate;
    if (this.sessions.wanted(server, now)) {
      secured.on('session', (next) => {
        // With the certificate that was verified everything ends that came of it.
        const expiresAt = secured.isSessionReused() ? taken?.expiresAt : certificate()?.validToDate.getTime();
        if (expiresAt !== undefined) this.sessions.add(server, { bytes: next, expiresAt });
      });
    }
    const failed = (error: Error): void => {
      const counter = counterOf(error);
      if (counter) counters()[counter]++;
    };
    secured.once('error', failed);
    secured.prependOnceListener('secureConnect', () => {
      secured.off('error', failed);
      // What goes wrong from now on ends the connection; `close` tells of it.
      secured.on('error', () => secured.destroy());
      const resumed = secured.isSessionReused();
      if (taken) this.sessions.judged(server, resumed, clock.wallTime());
      counters().established(secured.getProtocol() ?? '', secured.getCipher().name, resumed);
    });
    return secured;
  }

  private contextOf(tls: UpstreamTls): Context | undefined {
    const known = this.ofTls.get(tls);
    if (known) return known;
    const settings = upstreamSettings(tls, { credentials: this.options.credentials, namespace: this.namespace });
    if (!settings) return undefined;
    const key = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
    let made = this.current.get(key) ?? this.former.get(key);
    if (!made) {
      const context = newContext(settings);
      if (!context) return undefined;
      made = { key, context, verifies: settings.roots !== undefined };
    }
    this.current.set(key, made);
    this.ofTls.set(tls, made);
    return made;
  }
}

/** @returns undefined where a certificate or key cannot be read: whoever read them has said so */
function newContext({ pair, roots, revoked, parameters: written }: UpstreamSettings): SecureContext | undefined {
  try {
    return createSecureContext({
      ...parameters(written ?? {}),
      ...(pair ? { cert: sentChain(pair.certificateChain, roots ?? ''), key: pair.privateKey } : {}),
      ...(roots === undefined ? {} : { ca: roots, ...crossRoots }),
      ...(revoked === '' ? {} : { crl: revocationLists(revoked) }),
    });
  } catch {
    return undefined;
  }
}

function counterOf(error: Error): 'fail_verify_error' | 'fail_verify_san' | 'connection_error' | undefined {
  switch (handshakeFailure(error).kind) {
    case 'certificate':
      return 'fail_verify_error';
    case 'names':
      return 'fail_verify_san';
    case 'protocol':
      return 'connection_error';
    default:
      return undefined;
  }
}
