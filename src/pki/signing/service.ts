// The gRPC service that signs for workloads.
import { type ServerUnaryCall, type ServiceDefinition, type sendUnaryData, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Authority } from '../authority.ts';
import { workloadLifetimeMs } from '../lifetimes.ts';
import { certificatesOf } from '../pem.ts';
import { decodeSigningRequest, encodeSigningResponse } from './messages.ts';

const bytes = (message: Buffer): Buffer => message;

export const signingMethod = '/istio.v1.auth.IstioCertificateService/CreateCertificate';

export const signingService = {
  CreateCertificate: {
    path: signingMethod,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
} satisfies ServiceDefinition;

/** Who a caller has proven to be. */
export interface SigningCaller {
  /** `spiffe://cluster.local/ns/shop/sa/cart` */
  spiffeId: string;
  /** That it has proven to be; absent: any of its account. */
  pod?: string;
}

/** Why somebody is not answered, with the code of gRPC. */
export class SigningRefusal extends Error {
  readonly code: number;
  /** More about it, which is not for whoever is refused. */
  readonly detail: string;

  constructor(code: number, message: string, detail = '') {
    super(message);
    this.code = code;
    this.detail = detail;
  }

  /** For a log. */
  get text(): string {
    return this.detail === '' ? this.message : `${this.message}: ${this.detail}`;
  }
}

export interface SigningSettings {
  /** @throws SigningRefusal for somebody who has proven nothing */
  callerOf(call: ServerUnaryCall<Buffer, Buffer>): Promise<SigningCaller>;
  /** That signs at this moment; undefined: there is none yet. */
  authority(): Authority | undefined;
  /** Everything that is trusted, as PEM: the roots of the one before and after this one are among it. */
  roots(): string;
  /** Of a certificate at most, in milliseconds. */
  longestMs: number;
  /** Milliseconds since the epoch. */
  now(): number;
  signed(caller: SigningCaller, expiresAt: number): void;
  refused(peer: string, message: string): void;
}

export function signingHandlers(settings: SigningSettings): UntypedServiceImplementation {
  return {
    CreateCertificate(call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) {
      answer(settings, call).then(
        (response) => callback(null, response),
        (error: unknown) => {
          const known = error instanceof SigningRefusal;
          const message = known ? error.message : 'the certificate could not be made';
          settings.refused(call.getPeer(), known ? error.text : `${message}: ${(error as Error).message}`);
          callback({ code: known ? error.code : status.INTERNAL, details: message });
        },
      );
    },
  };
}

async function answer(settings: SigningSettings, call: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> {
  // Before anything is read of what somebody sends who may be anybody.
  const caller = await settings.callerOf(call);
  const authority = settings.authority();
  if (!authority) throw new SigningRefusal(status.UNAVAILABLE, 'there is no authority yet: ask again');
  const { request, lifetimeSeconds } = decoded(call.request);
  const [{ requestedKey }, { issueWorkload }] = await Promise.all([import('../certificate-request.ts'), import('../issue.ts')]);
  const key = await requestedKey(request).catch((error: Error) => {
    throw new SigningRefusal(status.INVALID_ARGUMENT, error.message);
  });
  const lifetimeMs = Math.min(lifetimeSeconds > 0 ? lifetimeSeconds * 1000 : workloadLifetimeMs, settings.longestMs);
  const now = settings.now();
  const certificate = await issueWorkload(authority.pair, key, caller.spiffeId, lifetimeMs, now, caller.pod);
  settings.signed(caller, now + lifetimeMs);
  // The last one is what the other side trusts.
  return encodeSigningResponse([certificate, ...certificatesOf(authority.chain), settings.roots()]);
}

function decoded(message: Buffer): ReturnType<typeof decodeSigningRequest> {
  try {
    return decodeSigningRequest(message);
  } catch {
    throw new SigningRefusal(status.INVALID_ARGUMENT, 'the message is no request for a certificate');
  }
}
