// Who calls the control plane: proven by a token of Kubernetes, or by a certificate of the mesh.
import type { TLSSocket } from 'node:tls';
import { type ServerDuplexStream, type ServerUnaryCall, status } from '@grpc/grpc-js';
import { spiffeIdOf } from '../../model/principal.ts';
import { SigningRefusal } from '../../pki/signing/service.ts';
import { parseAltNames } from '../../proxy/tls/alt-names.ts';
import { asksForAnother, parseSpiffeId } from './spiffe-id.ts';

/** A service account of the cluster. */
export interface Caller {
  namespace: string;
  serviceAccount: string;
  /** `spiffe://cluster.local/ns/shop/sa/cart` */
  spiffeId: string;
  /** The token is bound to this pod, or the certificate is its. */
  pod?: string;
}

/** The account that a token is of. */
export interface ReviewedToken {
  namespace: string;
  serviceAccount: string;
  pod?: string;
}

export interface CallerSettings {
  trustDomain(): string;
  /** Trust domains that count as the mesh's own. */
  aliases(): readonly string[];
  /** @throws SigningRefusal for a token that is none, or for somebody else */
  review(token: string): Promise<ReviewedToken>;
}

/** What of a call says who it is from. */
export type ProvingCall = Pick<ServerUnaryCall<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>, 'metadata' | 'getAuthContext'>;

/** Tells callers apart; the same for certificates and for configuration. */
export class Callers {
  private readonly settings: CallerSettings;
  /** By the metadata of calls: each is asked about once. */
  private readonly known = new WeakMap<object, Promise<Caller>>();

  constructor(settings: CallerSettings) {
    this.settings = settings;
  }

  /**
   * By the token where there is one, else by the certificate.
   *
   * @throws SigningRefusal (UNAUTHENTICATED) for somebody who has proven nothing
   */
  of(call: ProvingCall): Promise<Caller> {
    const { metadata } = call;
    const known = this.known.get(metadata) ?? this.find(call);
    this.known.set(metadata, known);
    return known;
  }

  /**
   * By the token alone: a certificate that could get the next one would be good for ever for whoever has stolen it, also when the
   * account or the pod that it was for is gone.
   *
   * @throws SigningRefusal (UNAUTHENTICATED) for somebody without one
   */
  async withToken(call: ProvingCall): Promise<Caller> {
    if (call.metadata.get('authorization').length === 0) {
      throw new SigningRefusal(status.UNAUTHENTICATED, 'certificates are signed for tokens of service accounts only, and there is none');
    }
    return this.of(call);
  }

  private async find(call: ProvingCall): Promise<Caller> {
    return (await this.byToken(call)) ?? this.byCertificate(call);
  }

  /** Undefined: there is no token. */
  private async byToken(call: ProvingCall): Promise<Caller | undefined> {
    const tokens = call.metadata.get('authorization');
    if (tokens.length > 1) throw new SigningRefusal(status.UNAUTHENTICATED, 'there is more than one authorization header');
    const [header] = tokens;
    if (header === undefined) return undefined;
    const token = /^Bearer (\S+)$/i.exec(header.toString())?.[1];
    if (token === undefined) throw new SigningRefusal(status.UNAUTHENTICATED, 'the authorization header is no bearer token');
    const account = await this.settings.review(token);
    return { ...account, spiffeId: spiffeIdOf(this.settings.trustDomain(), account) };
  }

  /** The door has verified it by the roots of the mesh, or not at all. */
  private async byCertificate(call: ProvingCall): Promise<Caller> {
    const certificate = call.getAuthContext().sslPeerCertificate as ReturnType<TLSSocket['getPeerCertificate']> | undefined;
    const names = parseAltNames(certificate?.subjectaltname).uris;
    const [name] = names;
    if (name === undefined) throw new SigningRefusal(status.UNAUTHENTICATED, 'neither a token nor a certificate of the mesh says who this is');
    if (names.length > 1) throw new SigningRefusal(status.UNAUTHENTICATED, 'the certificate has more than one identity');
    const identity = parseSpiffeId(name);
    const { trustDomain, aliases } = this.settings;
    if (!identity || asksForAnother(identity.trustDomain, trustDomain(), aliases())) {
      throw new SigningRefusal(status.UNAUTHENTICATED, `${name} is not of this mesh`);
    }
    const { namespace, serviceAccount } = identity;
    const raw = certificate?.raw;
    const pod = raw && (await import('../../pki/pod-extension.ts')).podOfCertificate(raw);
    return { namespace, serviceAccount, spiffeId: spiffeIdOf(trustDomain(), identity), ...(pod === undefined ? {} : { pod }) };
  }
}
