// The discovery messages of the delta protocol, from the side of the proxy. Their few fields are read and written here, so that a
// sidecar need not load the description of Envoy's whole API.
import protobuf from 'protobufjs/minimal.js';
import type { JsonObject } from '../json.ts';
import type { ProxyNode } from '../node.ts';
import { struct } from '../proto/well-known.ts';

export interface DeltaRequest {
  /** In the first request of a stream. */
  node?: ProxyNode;
  /** Of the program that asks, beside its node. */
  userAgent?: { name: string; version: string };
  typeUrl: string;
  subscribe?: readonly string[];
  unsubscribe?: readonly string[];
  /** Of what the client has from an earlier stream, by name. */
  initialVersions?: ReadonlyMap<string, string>;
  /** Of the response that this one answers. */
  nonce?: string;
  /** Why the response is refused; absent: it is taken. */
  refusal?: string;
}

export interface DeltaResource {
  name: string;
  version: string;
  /** Value of the Any, without its type; undefined: there is no such resource. */
  bytes: Uint8Array | undefined;
}

export interface DeltaResponse {
  typeUrl: string;
  nonce: string;
  resources: DeltaResource[];
  removed: string[];
}

/** INVALID_ARGUMENT, which Envoy says of configuration that it refuses. */
const invalidArgument = 3;

const delimited = (field: number): number => (field << 3) | 2;

export function encodeDeltaRequest({ node, userAgent, typeUrl, subscribe = [], unsubscribe = [], initialVersions, nonce, refusal }: DeltaRequest): Buffer {
  const writer = protobuf.Writer.create();
  if (node) {
    writer.uint32(delimited(1)).fork();
    writeNode(writer, node, userAgent);
    writer.ldelim();
  }
  writer.uint32(delimited(2)).string(typeUrl);
  for (const name of subscribe) writer.uint32(delimited(3)).string(name);
  for (const name of unsubscribe) writer.uint32(delimited(4)).string(name);
  for (const [name, version] of initialVersions ?? []) {
    writer.uint32(delimited(5)).fork().uint32(delimited(1)).string(name).uint32(delimited(2)).string(version).ldelim();
  }
  if (nonce !== undefined) writer.uint32(delimited(6)).string(nonce);
  if (refusal !== undefined) writer.uint32(delimited(7)).fork().uint32(8).int32(invalidArgument).uint32(delimited(2)).string(refusal).ldelim();
  return Buffer.from(writer.finish());
}

function writeNode(writer: protobuf.Writer, { id, cluster, metadata, locality }: ProxyNode, userAgent: DeltaRequest['userAgent']): void {
  writer.uint32(delimited(1)).string(id).uint32(delimited(2)).string(cluster).uint32(delimited(3)).fork();
  struct.write(writer, metadata as JsonObject, 0);
  writer.ldelim().uint32(delimited(4)).fork();
  for (const [i, part] of [locality.region, locality.zone, locality.subzone].entries()) if (part !== '') writer.uint32(delimited(i + 1)).string(part);
  writer.ldelim();
  if (userAgent) writer.uint32(delimited(6)).string(userAgent.name).uint32(delimited(7)).string(userAgent.version);
}

/** @throws Error for bytes that are no such message */
export function decodeDeltaResponse(bytes: Uint8Array): DeltaResponse {
  const response: DeltaResponse = { typeUrl: '', nonce: '', resources: [], removed: [] };
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === delimited(2)) response.resources.push(readResource(reader, reader.uint32() + reader.pos));
    else if (tag === delimited(4)) response.typeUrl = reader.string();
    else if (tag === delimited(5)) response.nonce = reader.string();
    else if (tag === delimited(6)) response.removed.push(reader.string());
    else reader.skipType(tag & 7);
  }
  return response;
}

function readResource(reader: protobuf.Reader, end: number): DeltaResource {
  const resource: DeltaResource = { name: '', version: '', bytes: undefined };
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === delimited(1)) resource.version = reader.string();
    else if (tag === delimited(2)) resource.bytes = readAny(reader, reader.uint32() + reader.pos);
    else if (tag === delimited(3)) resource.name = reader.string();
    else reader.skipType(tag & 7);
  }
  return resource;
}

function readAny(reader: protobuf.Reader, end: number): Uint8Array {
  let value: Uint8Array = new Uint8Array();
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === delimited(2)) value = reader.bytes();
    else reader.skipType(tag & 7);
  }
  return value;
}
