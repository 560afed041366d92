import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { realClock } from '../real-clock.ts';
import type { ClientHandler, ServerHandler, ServerStream } from '../stream.ts';
import { preface } from './frames.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { Http2Pool } from './pool.ts';
import { Http2ServerConnection } from './server-connection.ts';
import { frame } from './testing.ts';

// Whatever a peer sends: nothing is thrown, and every handler hears of one end and of nothing after it.

/** A socket whose peer is the test, and takes everything that is written. */
class FakeSocket extends Duplex {
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }
  setNoDelay(): void {}
}

const block = (list: readonly string[]): Buffer => {
  const encoder = new HpackEncoder();
  encoder.begin();
  for (let i = 0; i < list.length; i += 2) encoder.add(list[i] as string, list[i + 1] as string);
  return Buffer.from(encoder.end());
};
const blocks = [
  block([':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'a']),
  block([':method', 'POST', ':scheme', 'http', ':path', '/', ':authority', 'a', 'content-length', '3']),
  block([':status', '200']),
  block([':status', '103']),
  block([':status', '200', 'content-length', '3']),
  block(['x-t', '1']),
  block(['X-T', '1']),
];
const payload = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...blocks) },
  { weight: 3, arbitrary: fc.constantFrom(Buffer.from('abc'), Buffer.alloc(0), Buffer.from([0, 0, 0, 1]), Buffer.from([0, 0, 0, 8]), Buffer.alloc(8)) },
  { weight: 1, arbitrary: fc.constantFrom(Buffer.from([0, 4, 0, 0, 0, 0]), Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]), Buffer.from([0, 1, 0, 0, 0, 0])) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
);
const anyFrame = fc
  .tuple(fc.constantFrom(0, 0, 1, 1, 1, 3, 4, 6, 7, 8, 8, 9, 77), fc.constantFrom(0, 1, 4, 5, 5, 8, 13, 0x25), fc.constantFrom(0, 1, 1, 3, 3, 5, 2), payload)
  .map(([type, flags, stream, bytes]) => frame(type, flags, stream, bytes));
const likely = fc
  .tuple(fc.constantFrom(0, 0, 1), fc.constantFrom(0, 1), fc.constantFrom(1, 3), fc.constantFrom(...blocks, Buffer.from('abc'), Buffer.alloc(0)))
  .map(([type, flags, stream, bytes]) => frame(type, type === 1 ? flags | 4 : flags, stream, bytes));
const frames = fc.array(fc.oneof(anyFrame, likely), { maxLength: 25 });
/** A request whose body follows. */
const begun = frame(1, 4, 1, blocks[0]);
const settings = frame(4, 0, 0);

/** What a handler heard: one end at most, and nothing after it, or after it gave the stream up itself. */
class Ending {
  ended = 0;
  givenUp = false;
  readonly late: string[] = [];
  hear(event: string, last: boolean): void {
    // A request that has ended may still be lost before it is answered.
    if (this.givenUp || (this.ended > 0 && event !== 'lost')) this.late.push(event);
    if (last) this.ended++;
  }
}

it('a server: frames in any order', () => {
  fc.assert(
    fc.property(frames, fc.constantFrom('answer', 'wait', 'reset', 'reset later', 'pause', 'slow'), (sent, mode) => {
      const socket = new FakeSocket() as unknown as Socket & FakeSocket;
      const endings: Ending[] = [];
      const onRequest = (stream: ServerStream): ServerHandler => {
        const ending = new Ending();
        endings.push(ending);
        if (mode === 'pause') stream.pause();
        else if (mode === 'reset') stream.reset();
        else if (mode === 'answer' || mode === 'slow') {
          stream.writeHead(200, [], false);
          stream.write(Buffer.alloc(mode === 'slow' ? 100_000 : 10));
          stream.end(['x', '1']);
        }
        return {
          onData: () => {
            ending.hear('data', false);
            if (mode !== 'reset later') return;
            ending.givenUp = true;
            stream.reset();
          },
          onEnd: () => ending.hear('end', true),
          onReset: () => ending.hear('lost', false),
          onDrain: () => {},
        };
      };
      let closed = 0;
      const connection = new Http2ServerConnection(
        socket,
        Buffer.concat([preface, settings]),
        {} as never,
        { onRequest, onRefused: () => {} },
        realClock,
        {},
        () => closed++,
      );
      for (const bytes of [begun, ...sent]) socket.emit('data', bytes);
      connection.destroy();
      expect(closed).toBe(1);
      expect(connection.active).toBe(0);
      for (const { ended, late } of endings) {
        expect(ended).toBeLessThanOrEqual(1);
        expect(late).toEqual([]);
      }
    }),
    { numRuns: 3000 },
  );
});

it('a pool: frames in any order', () => {
  fc.assert(
    fc.property(frames, fc.boolean(), fc.boolean(), fc.boolean(), (sent, bodyless, gives, knows) => {
      const sockets: (Socket & FakeSocket)[] = [];
      const counts = { pending: 0, requests: 0, connections: 0 };
      const counted = (name: 'pending' | 'requests') => ({
        tryAcquire: () => ++counts[name] > 0,
        release: () => void counts[name]--,
      });
      const pool = new Http2Pool({
        clock: realClock,
        limits: {
          pending: counted('pending'),
          requests: counted('requests'),
          mayConnect: () => ++counts.connections > 0,
          connectionClosed: () => void counts.connections--,
        } as never,
        connect: (onOpen) => {
          // Only the first connection is ever there.
          const socket = new FakeSocket() as unknown as Socket & FakeSocket;
          if (sockets.push(socket) === 1) queued.push(() => onOpen(socket));
          return { cancel: () => {} };
        },
      });
      const queued: (() => void)[] = [];
      const endings = [0, 1, 2].map(() => {
        const ending = new Ending();
        const handler: ClientHandler = {
          onConnection: () => {},
          onInformational: () => ending.hear('interim', false),
          onHead: (_status, _headers, ends) => ending.hear('head', ends),
          onData: () => {
            ending.hear('data', gives);
            ending.givenUp = gives;
            if (gives) stream.reset();
          },
          onEnd: () => ending.hear('end', true),
          onFailure: () => ending.hear('failure', true),
          onDrain: () => ending.hear('drain', false),
        };
        const stream = pool.request({ method: 'POST', path: '/', authority: 'a', scheme: 'http', headers: [] }, bodyless, false, handler);
        stream.write(Buffer.alloc(100_000));
        return ending;
      });
      for (const run of queued) run();
      for (const bytes of knows ? [settings, ...sent] : sent.slice(0, 1)) sockets[0]?.emit('data', bytes);
      pool.destroy();
      for (const { ended, late } of endings) {
        expect(ended).toBe(1);
        expect(late).toEqual([]);
      }
      expect(counts).toEqual({ pending: 0, requests: 0, connections: 0 });
    }),
    { numRuns: 3000 },
  );
});
