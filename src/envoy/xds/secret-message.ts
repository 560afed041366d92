// The secrets of a control plane, from the side of the proxy: read here, as a sidecar does not load the description of Envoy's whole API.
import protobuf from 'protobufjs/minimal.js';
import type { SecretContent } from '../secrets.ts';

const delimited = (field: number): number => (field << 3) | 2;

/** Of envoy.extensions.transport_sockets.tls.v3: Secret, TlsCertificate, CertificateValidationContext. */
const secretFields = { certificate: delimited(2), validation: delimited(4) };
const certificateFields = { chain: delimited(1), key: delimited(2) };
const validationFields = { roots: delimited(1), crl: delimited(7) };
/** Of envoy.config.core.v3.DataSource. */
const sourceFields = { bytes: delimited(2), text: delimited(3) };

/** @throws Error for bytes that are no such message; nothing of what is in them is in its text */
export function decodeSecret(bytes: Uint8Array): SecretContent {
  const content: SecretContent = {};
  const reader = protobuf.Reader.create(bytes);
  eachField(reader, reader.len, (tag) => {
    if (tag === secretFields.certificate) {
      const { chain, key } = texts(reader, certificateFields);
      if (chain !== undefined && key !== undefined) content.pair = { certificateChain: chain, privateKey: key };
      return true;
    }
    if (tag !== secretFields.validation) return false;
    Object.assign(content, texts(reader, validationFields));
    return true;
  });
  return content;
}

/** Data sources of a message, by their fields. */
function texts<T extends Readonly<Record<string, number>>>(reader: protobuf.Reader, fields: T): { [name in keyof T]?: string } {
  const found: Record<string, string> = {};
  const names = new Map(Object.entries(fields).map(([name, tag]) => [tag, name]));
  eachField(reader, reader.uint32() + reader.pos, (tag) => {
    const name = names.get(tag);
    if (name === undefined) return false;
    eachField(reader, reader.uint32() + reader.pos, (source) => {
      if (source === sourceFields.text) found[name] = reader.string();
      else if (source === sourceFields.bytes) found[name] = Buffer.from(reader.bytes()).toString('utf8');
      else return false;
      return true;
    });
    return true;
  });
  return found as { [name in keyof T]?: string };
}

function eachField(reader: protobuf.Reader, end: number, read: (tag: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!read(tag)) reader.skipType(tag & 7);
  }
}
