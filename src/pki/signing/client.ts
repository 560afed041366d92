// Asks a control plane for the certificate of a workload.
import { type ChannelCredentials, Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import { makeRequest } from '../certificate-request.ts';
import { certificatesOf, readCertificate } from '../pem.ts';
import { decodeSigningResponse, encodeSigningRequest } from './messages.ts';
import { signingMethod } from './service.ts';

/** A certificate with its key and what verifies those of others; PEM. */
export interface SignedIdentity {
  /** The certificate, and what leads from it to a root. */
  certificateChain: string;
  privateKey: string;
  roots: string;
  spiffeId: string;
  /** Milliseconds since the epoch. */
  issuedAt: number;
  expiresAt: number;
}

export interface SigningClientSettings {
  /** `HOST:PORT` */
  address: string;
  credentials: ChannelCredentials;
  /** Of gRPC channels. */
  options?: Record<string, string | number>;
  /** Proves who this is; read anew for each request, because it changes. Undefined: the connection itself proves it, where that is enough. */
  token: (() => Promise<string>) | undefined;
  /** What is asked for; the control plane gives what it knows this to be. */
  spiffeId: string;
  /** 0: as the control plane likes. */
  lifetimeSeconds: number;
  timeoutMs: number;
}

/** @throws Error that says why there is none: not reachable, refused, an answer that is none */
export async function requestIdentity(settings: SigningClientSettings): Promise<SignedIdentity> {
  const { address, credentials, options = {}, token, spiffeId, lifetimeSeconds, timeoutMs } = settings;
  const { request, key } = await makeRequest(spiffeId);
  const metadata = new Metadata();
  if (token) metadata.set('authorization', `Bearer ${await token()}`);
  const client = new Client(address, credentials, options);
  try {
    const chain = await new Promise<string[]>((resolve, reject) => {
      client.makeUnaryRequest(
        signingMethod,
        (bytes: Buffer) => bytes,
        decodeSigningResponse,
        encodeSigningRequest({ request, lifetimeSeconds }),
        metadata,
        { deadline: Date.now() + timeoutMs },
        (error: ServiceError | null, answer?: string[]) => (error ? reject(new Error(error.details || error.message)) : resolve(answer ?? [])),
      );
    });
    return identityOf(chain, key);
  } finally {
    client.close();
  }
}

/** @throws Error */
function identityOf(chain: readonly string[], key: string): SignedIdentity {
  const roots = chain.at(-1) ?? '';
  const own = chain.slice(0, -1).flatMap(certificatesOf);
  const certificate = readCertificate(own[0] ?? '');
  if (!certificate || certificatesOf(roots).length === 0) throw new Error('the control plane has answered with something that is no certificate chain');
  const spiffeId = /(?:^|, )URI:(spiffe:\/\/[^,]+)/.exec(certificate.subjectAltName ?? '')?.[1];
  if (spiffeId === undefined) throw new Error('the certificate of the control plane has no SPIFFE identity');
  return {
    certificateChain: own.join(''),
    privateKey: key,
    roots,
    spiffeId,
    issuedAt: certificate.validFromDate.getTime(),
    expiresAt: certificate.validToDate.getTime(),
  };
}
