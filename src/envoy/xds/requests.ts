// The discovery requests of both variants of the protocol, read field by field: a server gets many, and few fields matter.
import protobuf from 'protobufjs/minimal.js';
import { struct } from '../proto/well-known.ts';
import type { XdsNode } from './view.ts';

interface Request {
  typeUrl: string;
  /** Of the response that this one answers; empty: it answers none. */
  nonce: string;
  /** Why the response is refused; undefined: it is taken. */
  refusal: string | undefined;
}

export interface DeltaRequest extends Request {
  subscribe: string[];
  unsubscribe: string[];
  /** Versions of what the client has from an earlier stream, by name. */
  initialVersions: Map<string, string>;
}

export interface SotwRequest extends Request {
  /** Version that the client has; empty: none. */
  version: string;
  /** All that it wants from now on. */
  names: string[];
}

const delimited = (field: number): number => (field << 3) | 2;

type Reader = protobuf.Reader;
type ReadField = (tag: number, reader: Reader) => boolean;

/** @param read one field; false: it is not wanted */
function readFields(reader: Reader, end: number, read: ReadField): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!read(tag, reader)) reader.skipType(tag & 7);
  }
}

function nested(reader: Reader, read: ReadField): void {
  readFields(reader, reader.uint32() + reader.pos, read);
}

const readerOf = (bytes: Uint8Array): Reader => protobuf.Reader.create(bytes);

/** Message of a google.rpc.Status. */
function readStatus(reader: Reader): string {
  let text = '';
  nested(reader, (tag) => {
    if (tag !== delimited(2)) return false;
    text = reader.string();
    return true;
  });
  return text;
}

/** @throws Error for bytes that are no DeltaDiscoveryRequest */
export function readDeltaRequest(bytes: Uint8Array): DeltaRequest {
  const request: DeltaRequest = { typeUrl: '', nonce: '', refusal: undefined, subscribe: [], unsubscribe: [], initialVersions: new Map() };
  const reader = readerOf(bytes);
  readFields(reader, reader.len, (tag) => {
    if (tag === delimited(2)) request.typeUrl = reader.string();
    else if (tag === delimited(3)) request.subscribe.push(reader.string());
    else if (tag === delimited(4)) request.unsubscribe.push(reader.string());
    else if (tag === delimited(5)) readVersion(reader, request.initialVersions);
    else if (tag === delimited(6)) request.nonce = reader.string();
    else if (tag === delimited(7)) request.refusal = readStatus(reader);
    else return false;
    return true;
  });
  return request;
}

function readVersion(reader: Reader, versions: Map<string, string>): void {
  let name = '';
  let version = '';
  nested(reader, (tag) => {
    if (tag === delimited(1)) name = reader.string();
    else if (tag === delimited(2)) version = reader.string();
    else return false;
    return true;
  });
  versions.set(name, version);
}

/** @throws Error for bytes that are no DiscoveryRequest */
export function readSotwRequest(bytes: Uint8Array): SotwRequest {
  const request: SotwRequest = { typeUrl: '', nonce: '', refusal: undefined, version: '', names: [] };
  const reader = readerOf(bytes);
  readFields(reader, reader.len, (tag) => {
    if (tag === delimited(1)) request.version = reader.string();
    else if (tag === delimited(3)) request.names.push(reader.string());
    else if (tag === delimited(4)) request.typeUrl = reader.string();
    else if (tag === delimited(5)) request.nonce = reader.string();
    else if (tag === delimited(6)) request.refusal = readStatus(reader);
    else return false;
    return true;
  });
  return request;
}

/** Field number of `node` in the requests. */
export const nodeField = { delta: 1, sotw: 2 } as const;

/** The node of a request; undefined: it has none, as all but the first of a stream may. @throws Error for bytes that are no request */
export function readNode(bytes: Uint8Array, field: number): XdsNode | undefined {
  let node: XdsNode | undefined;
  const reader = readerOf(bytes);
  readFields(reader, reader.len, (tag) => {
    if (tag !== delimited(field)) return false;
    node = nodeOf(reader, reader.uint32() + reader.pos);
    return true;
  });
  return node;
}

function nodeOf(reader: Reader, end: number): XdsNode {
  const node: XdsNode = { id: '', cluster: '', locality: { region: '', zone: '', subzone: '' }, metadata: {}, userAgent: '' };
  let program = '';
  let version = '';
  readFields(reader, end, (tag) => {
    if (tag === delimited(1)) node.id = reader.string();
    else if (tag === delimited(2)) node.cluster = reader.string();
    else if (tag === delimited(3)) node.metadata = struct.read(reader, reader.uint32() + reader.pos, 0) as Record<string, unknown>;
    else if (tag === delimited(4)) readLocality(reader, node.locality);
    else if (tag === delimited(6)) program = reader.string();
    else if (tag === delimited(7)) version = reader.string();
    else if (tag === delimited(8)) version = readBuildVersion(reader);
    else return false;
    return true;
  });
  node.userAgent = version === '' ? program : `${program}/${version}`;
  return node;
}

function readLocality(reader: Reader, locality: XdsNode['locality']): void {
  nested(reader, (tag) => {
    if (tag === delimited(1)) locality.region = reader.string();
    else if (tag === delimited(2)) locality.zone = reader.string();
    else if (tag === delimited(3)) locality.subzone = reader.string();
    else return false;
    return true;
  });
}

/** The numbers of an envoy.config.core.v3.BuildVersion. */
function readBuildVersion(reader: Reader): string {
  const numbers = [0, 0, 0];
  nested(reader, (tag) => {
    if (tag !== delimited(1)) return false;
    nested(reader, (part) => {
      if ((part & 7) !== 0) return false;
      numbers[(part >> 3) - 1] = reader.uint32();
      return true;
    });
    return true;
  });
  return numbers.join('.');
}
