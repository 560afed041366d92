// Messages of the service that signs for workloads, as agents of Istio and its control plane speak it: `istio.v1.auth`.
import protobuf from 'protobufjs/minimal.js';

export interface SigningRequest {
  /** PKCS #10 as PEM. */
  request: string;
  /** How long the certificate is to be valid; 0: as the authority likes. */
  lifetimeSeconds: number;
}

const delimited = (field: number): number => (field << 3) | 2;
const csrField = delimited(1);
const durationField = 3 << 3;
const chainField = delimited(1);

export function encodeSigningRequest({ request, lifetimeSeconds }: SigningRequest): Buffer {
  const writer = protobuf.Writer.create().uint32(csrField).string(request);
  if (lifetimeSeconds > 0) writer.uint32(durationField).int64(Math.round(lifetimeSeconds));
  return Buffer.from(writer.finish());
}

/** @throws Error for bytes that are no such message */
export function decodeSigningRequest(bytes: Uint8Array): SigningRequest {
  const out: SigningRequest = { request: '', lifetimeSeconds: 0 };
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === csrField) out.request = reader.string();
    else if (tag === durationField) out.lifetimeSeconds = Number(reader.int64());
    else reader.skipType(tag & 7);
  }
  return out;
}

/** @param chain PEM, the certificate first, the root last */
export function encodeSigningResponse(chain: readonly string[]): Buffer {
  const writer = protobuf.Writer.create();
  for (const certificate of chain) writer.uint32(chainField).string(certificate);
  return Buffer.from(writer.finish());
}

/** @throws Error for bytes that are no such message */
export function decodeSigningResponse(bytes: Uint8Array): string[] {
  const chain: string[] = [];
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === chainField) chain.push(reader.string());
    else reader.skipType(tag & 7);
  }
  return chain;
}
