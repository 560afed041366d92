// The discovery responses of both variants, put together of pieces: a resource is wrapped once, and what several proxies get alike is
// joined once.
import protobuf from 'protobufjs/minimal.js';
import type { XdsResource, XdsVariant } from './view.ts';

/** What a response is about. */
export interface Content {
  readonly resources: readonly XdsResource[];
  readonly removed: readonly string[];
  /** Whether other proxies may get the same list of resources. */
  readonly isShared: boolean;
}

export interface ResponseHead {
  typeUrl: string;
  /** Of the whole set. */
  version: string;
  nonce: string;
}

const delimited = (field: number): number => (field << 3) | 2;

/** Bytes of a length-delimited field around a content of this length. */
const sizeOf = (length: number): number => 1 + sizeOfVarint(length) + length;

function sizeOfVarint(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** All that is before the bytes of a resource, which come last in each message around them. */
type Wrap = (typeUrl: string, resource: XdsResource) => Buffer;

const wraps: Readonly<Record<XdsVariant, Wrap>> = {
  /** Field 2 of DeltaDiscoveryResponse: Resource with name (3), version (1), and resource (2), an Any. */
  delta(typeUrl, { name, version, bytes }) {
    const any = sizeOf(Buffer.byteLength(typeUrl)) + sizeOf(bytes.length);
    const writer = protobuf.Writer.create();
    writer
      .uint32(delimited(2))
      .uint32(sizeOf(Buffer.byteLength(name)) + sizeOf(Buffer.byteLength(version)) + sizeOf(any))
      .uint32(delimited(3))
      .string(name)
      .uint32(delimited(1))
      .string(version)
      .uint32(delimited(2))
      .uint32(any);
    return anyHead(writer, typeUrl, bytes.length);
  },
  /** Field 2 of DiscoveryResponse: an Any. */
  sotw(typeUrl, { bytes }) {
    const writer = protobuf.Writer.create();
    writer.uint32(delimited(2)).uint32(sizeOf(Buffer.byteLength(typeUrl)) + sizeOf(bytes.length));
    return anyHead(writer, typeUrl, bytes.length);
  },
};

function anyHead(writer: protobuf.Writer, typeUrl: string, length: number): Buffer {
  return Buffer.from(writer.uint32(delimited(1)).string(typeUrl).uint32(delimited(2)).uint32(length).finish());
}

/** Of resources that are the same object, for all proxies. */
const heads: Readonly<Record<XdsVariant, WeakMap<XdsResource, Buffer>>> = { delta: new WeakMap(), sotw: new WeakMap() };

function headOf(variant: XdsVariant, typeUrl: string, resource: XdsResource): Buffer {
  const known = heads[variant].get(resource);
  if (known) return known;
  const made = wraps[variant](typeUrl, resource);
  heads[variant].set(resource, made);
  return made;
}

/** Joined resources of the lists that many proxies get: everything there is of a type, and what has changed. */
const joined: Readonly<Record<XdsVariant, WeakMap<readonly XdsResource[], Buffer>>> = { delta: new WeakMap(), sotw: new WeakMap() };

function join(variant: XdsVariant, typeUrl: string, resources: readonly XdsResource[], isShared: boolean): Buffer {
  const known = joined[variant].get(resources);
  if (known) return known;
  const body = Buffer.concat(resources.flatMap((resource) => [headOf(variant, typeUrl, resource), resource.bytes]));
  if (isShared) joined[variant].set(resources, body);
  return body;
}

/** A message in two pieces, of which the first may be large and that of many proxies: it is copied once, to where it is written from. */
export class Message {
  readonly byteLength: number;
  readonly #body: Buffer;
  readonly #tail: Uint8Array;

  constructor(body: Buffer, tail: Uint8Array) {
    this.#body = body;
    this.#tail = tail;
    this.byteLength = body.length + tail.length;
  }

  /** As that of Buffer. */
  copy(target: Uint8Array, start = 0): number {
    target.set(this.#body, start);
    target.set(this.#tail, start + this.#body.length);
    return this.byteLength;
  }

  toBuffer(): Buffer {
    const buffer = Buffer.allocUnsafe(this.byteLength);
    this.copy(buffer);
    return buffer;
  }
}

/** A response as it goes over the wire. */
export function encodeResponse(variant: XdsVariant, { typeUrl, version, nonce }: ResponseHead, { resources, removed, isShared }: Content): Message {
  const writer = protobuf.Writer.create();
  // The fields have the same numbers in both messages; only the delta one has removals.
  writer.uint32(delimited(1)).string(version).uint32(delimited(4)).string(typeUrl).uint32(delimited(5)).string(nonce);
  if (variant === 'delta') for (const name of removed) writer.uint32(delimited(6)).string(name);
  return new Message(join(variant, typeUrl, resources, isShared), writer.finish());
}
