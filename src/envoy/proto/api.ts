import protobuf from 'protobufjs/minimal.js';
import type { JsonObject } from '../json.ts';
import { isMessage } from './descriptor.ts';
import { EnvoyApiError } from './error.ts';
import { messageCodec, messageName } from './messages.ts';

/**
 * Messages of Envoy's API between the JSON form of protocol buffers and bytes. Fields have their own names (`connect_timeout`; JSON's
 * `connectTimeout` is read, too). Nothing is dropped: what is not known is an error.
 */
export class EnvoyApi {
  readonly #writer = protobuf.Writer.create();

  /** Whether the message is known, by its type URL or its full name. */
  has(type: string): boolean {
    return isMessage(messageName(type));
  }

  /**
   * Equal messages have equal bytes: fields are in the order of their numbers, maps in that of their keys.
   *
   * @param type type URL or full name
   * @throws EnvoyApiError with the path of what is wrong
   */
  encode(type: string, json: JsonObject): Uint8Array {
    const codec = messageCodec(messageName(type));
    const writer = this.#writer;
    // What a failure before has left.
    writer.states = [];
    writer.pos = 0;
    codec.write(writer, json, 0);
    return writer.finish();
  }

  /**
   * 64-bit integers are text. A message of an unknown type inside of an Any is `{"@type": …, "value": base64}`.
   *
   * @throws EnvoyApiError where the bytes are no such message
   */
  decode(type: string, bytes: Uint8Array): JsonObject {
    const codec = messageCodec(messageName(type));
    try {
      return codec.read(new protobuf.BufferReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)), bytes.length, 0) as JsonObject;
    } catch (error) {
      if (error instanceof EnvoyApiError) throw error;
      throw new EnvoyApiError(`the bytes are no ${messageName(type)}: ${(error as Error).message}`);
    }
  }
}

let loaded: EnvoyApi | undefined;

/** The one of this process. */
export function loadEnvoyApi(): EnvoyApi {
  loaded ??= new EnvoyApi();
  return loaded;
}
