// Who calls the control plane: proven by a token of Kubernetes, or by a certificate of the mesh.
import type { TLSSocket } from 'node:tls';
import { type ServerDuplexStream, type ServerUnaryCall, status } from '@grpc/grpc-js';
import { SigningRefusal } from '../../pki/signing/service.ts';
import { asksForAnother, parseSpiffeId, spiffeIdOf } from './spiffe-id.ts';

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

type Call = ServerUnaryCall<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/** Tells callers apart; the same for certificates and for configuration. */
export class Callers {
  private readonly settings: CallerSettings;

  constructor(settings: CallerSettings) {
    this.settings = settings;
  }

  /**
   * By the token where there is one, else by the certificate.
   *
   * @throws SigningRefusal (UNAUTHENTICATED) for somebody who has proven nothing
   */
  async of(call: Call): Promise<Caller> {
    const tokens = call.metadata.get('authorization');
    if (tokens.length > 1) throw new SigningRefusal(status.UNAUTHENTICATED, 'there is more than one authorization header');
    const [header] = tokens;
    if (header !== undefined) {
      const token = /^Bearer (\S+)$/i.exec(header.toString())?.[1];
      if (token === undefined) throw new SigningRefusal(status.UNAUTHENTICATED, 'the authorization header is no bearer token');
      const account = await this.settings.review(token);
      return { ...account, spiffeId: spiffeIdOf(this.settings.trustDomain(), account) };
    }
    return this.byCertificate(call);
  }

  /** The door has verified it by the roots of the mesh, or not at all. */
  private async byCertificate(call: Call): Promise<Caller> {
    const certificate = call.getAuthContext().sslPeerCertificate as ReturnType<TLSSocket['getPeerCertificate']> | undefined;
    const names = (certificate?.subjectaltname ?? '').split(', ').flatMap((name) => (name.startsWith('URI:') ? [name.slice(4)] : []));
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
