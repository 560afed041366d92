// As much of the discovery messages as a client needs that acknowledges everything and looks at nothing.

/** Fields of a protocol buffers message: numbers and contents; varints are skipped. */
function* fields(bytes: Uint8Array): Generator<[field: number, content: Uint8Array]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if ((tag & 7) === 0) varint();
    else {
      const length = varint();
      yield [tag >> 3, bytes.subarray(at, at + length)];
      at += length;
    }
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

export interface DeltaResponse {
  typeUrl: string;
  nonce: string;
  names: string[];
}

/** @param named whether the names of the resources are wanted */
export function readDelta(bytes: Uint8Array, named: (typeUrl: string) => boolean): DeltaResponse {
  const response: DeltaResponse = { typeUrl: '', nonce: '', names: [] };
  const resources: Uint8Array[] = [];
  for (const [field, content] of fields(bytes)) {
    if (field === 2) resources.push(content);
    else if (field === 4) response.typeUrl = text(content);
    else if (field === 5) response.nonce = text(content);
  }
  if (named(response.typeUrl))
    for (const resource of resources) for (const [field, content] of fields(resource)) if (field === 3) response.names.push(text(content));
  return response;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

function field(number: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(content.length)]), content]);
}

const utf8 = (value: string): Uint8Array => Buffer.from(value);

export interface DeltaRequest {
  /** Node id, in the first request. */
  node?: string;
  typeUrl: string;
  subscribe?: readonly string[];
  nonce?: string;
}

export function writeDelta({ node, typeUrl, subscribe = [], nonce }: DeltaRequest): Buffer {
  return Buffer.concat([
    ...(node === undefined ? [] : [field(1, field(1, utf8(node)))]),
    field(2, utf8(typeUrl)),
    ...subscribe.map((name) => field(3, utf8(name))),
    ...(nonce === undefined ? [] : [field(6, utf8(nonce))]),
  ]);
}
