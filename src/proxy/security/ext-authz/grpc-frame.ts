// One message as gRPC frames it: whether it is compressed, its length, its bytes.

export function frameOf(message: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

/** Undefined where the bytes are not exactly one message that is not compressed. */
export function messageOf(frame: Uint8Array): Uint8Array | undefined {
  if (frame.length < 5 || frame[0] !== 0) return undefined;
  const length = new DataView(frame.buffer, frame.byteOffset).getUint32(1);
  return frame.length === 5 + length ? frame.subarray(5) : undefined;
}
