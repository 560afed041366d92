// The other side of a connection, frame by frame, so that it can do what no library would.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { FrameReader } from './frame-reader.ts';
import { frameType, preface } from './frames.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { HpackEncoder } from './hpack/encoder.ts';

/** What has not come by then does not. */
const longestMs = 20_000;

export interface Seen {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
  /** Of HEADERS. */
  headers?: Record<string, string>;
}

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function number(type: number, stream: number, value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return frame(type, 0, stream, payload);
}

/** Speaks HTTP/2 without any judgement. */
export class RawPeer {
  readonly socket: Socket;
  readonly seen: Seen[] = [];
  closed = false;
  private readonly encoder = new HpackEncoder();
  private readonly decoder = new HpackDecoder({ maxBytes: 1 << 20, maxFields: 10_000 });
  private readonly reader: FrameReader;
  private wake: () => void = () => {};
  private waitsForPreface: boolean;
  /** Called for each frame, so that a peer can answer. */
  onFrame: (seen: Seen) => void = () => {};

  constructor(socket: Socket, isServer: boolean) {
    this.socket = socket;
    this.waitsForPreface = isServer;
    this.reader = new FrameReader({
      onFrame: (type, flags, stream, bytes, from, to) => this.take(type, flags, stream, Buffer.from(bytes.subarray(from, to))),
      onFrameTooLarge: () => {},
    });
    const gone = (): void => {
      this.closed = true;
      this.wake();
    };
    socket.on('error', gone).on('end', gone).on('close', gone);
    socket.on('data', (chunk: Buffer) => {
      if (this.waitsForPreface) {
        this.waitsForPreface = false;
        this.reader.push(chunk.subarray(preface.length));
      } else this.reader.push(chunk);
    });
    if (!isServer) socket.write(preface);
  }

  send(...frames: Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  settings(...pairs: [number, number][]): Buffer {
    const payload = Buffer.alloc(pairs.length * 6);
    for (const [i, [id, value]] of pairs.entries()) {
      payload.writeUInt16BE(id, i * 6);
      payload.writeUInt32BE(value, i * 6 + 2);
    }
    return frame(frameType.settings, 0, 0, payload);
  }

  block(list: readonly string[]): Buffer {
    this.encoder.begin();
    for (let i = 0; i < list.length; i += 2) this.encoder.add(list[i] as string, list[i + 1] as string);
    return Buffer.from(this.encoder.end());
  }

  /** HEADERS, with END_HEADERS and END_STREAM unless told. */
  headers(stream: number, list: readonly string[], flags = 5): Buffer {
    return frame(frameType.headers, flags, stream, this.block(list));
  }

  private take(type: number, flags: number, stream: number, payload: Buffer): boolean {
    const seen: Seen = { type, flags, stream, payload };
    if (type === frameType.headers) {
      const list: string[] = [];
      this.decoder.decode(payload, 0, payload.length, list);
      seen.headers = Object.fromEntries(Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i], list[2 * i + 1]]));
    }
    this.seen.push(seen);
    this.onFrame(seen);
    this.wake();
    return true;
  }

  /** What was seen, in short: `HEADERS#1(200)`, `DATA#1[3]*`, `RST#1(2)`, `GOAWAY(11)`; settings and window updates are left out. */
  get story(): string {
    return this.seen.flatMap((seen) => describe(seen) ?? []).join(' ') + (this.closed ? ' closed' : '');
  }

  /** Waits until it is so. @throws Error with what was seen until then, where it takes longer than anything does */
  async until(condition: (peer: RawPeer) => boolean): Promise<void> {
    const end = performance.now() + longestMs;
    while (!condition(this)) {
      if (performance.now() > end) throw new Error(`not so after ${longestMs / 1000} s: ${this.story}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, 50);
      });
    }
  }
}

function describe({ type, flags, stream, payload, headers }: Seen): string | undefined {
  switch (type) {
    case frameType.headers:
      return `HEADERS#${stream}(${headers?.[':status'] ?? headers?.[':path'] ?? 'trailers'})${flags & 1 ? '*' : ''}`;
    case frameType.data:
      return `DATA#${stream}[${payload.length}]${flags & 1 ? '*' : ''}`;
    case frameType.rstStream:
      return `RST#${stream}(${payload.readUInt32BE(0)})`;
    case frameType.goaway:
      return `GOAWAY(${payload.readUInt32BE(0)},${payload.readUInt32BE(4)})`;
    case frameType.ping:
      return flags & 1 ? 'PONG' : 'PING';
    default:
      return undefined;
  }
}

/** A client of a port of this machine, its preface and settings sent. */
export async function rawClient(port: number): Promise<RawPeer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const peer = new RawPeer(socket, false);
  await new Promise((resolve) => socket.once('connect', resolve));
  peer.send(peer.settings());
  return peer;
}

/** A server whose connections are raw. */
export async function rawServer(onPeer: (peer: RawPeer) => void): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => onPeer(new RawPeer(socket, true)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
}
