import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { listen, until } from './testing.ts';
import { Transport, type TransportUser } from './transport.ts';

const idle: TransportUser = { onBytes: () => {}, onEof: () => {}, onDrain: () => {}, onClose: () => {} };

/** Both ends of a connection. */
async function pair(): Promise<[Socket, Socket, () => void]> {
  let accepted: Socket | undefined;
  const { server, port } = await listen((socket) => {
    accepted = socket;
  });
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await until(() => accepted !== undefined, 'connected');
  return [client, accepted as Socket, () => server.close()];
}

test('lent bytes are written, or copied, before the next read', async () => {
  const [source, sourceEnd, closeSource] = await pair();
  const [sink, sinkEnd, closeSink] = await pair();
  const out = new Transport(sinkEnd, idle);
  // More than leaves in one write, so that parts go to the kernel one by one.
  const own = Buffer.alloc(150_000, 200);
  /** What the sink is to read: so many bytes of one value each. */
  const runs: { value: number; left: number }[] = [];
  let read = 0;
  const from = new Transport(sourceEnd, {
    ...idle,
    onBytes: (buffer, start, end) => {
      read += end - start;
      runs.push({ value: buffer[start] as number, left: end - start }, { value: 200, left: own.length });
      out.sendBytes(buffer.subarray(start, end));
      out.sendBytes(own);
    },
  });
  let wrong = 0;
  sink.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; ) {
      const run = runs[0] as { value: number; left: number };
      const take = Math.min(run.left, chunk.length - at);
      if (!chunk.subarray(at, at + take).equals(Buffer.alloc(take, run.value))) wrong++;
      run.left -= take;
      at += take;
      if (run.left === 0) runs.shift();
    }
  });
  for (let round = 0; round < 5; round++) {
    // The kernel fills up while nobody reads, so that a write is taken in part.
    sink.pause();
    while (!out.clogged) {
      const before = read;
      source.write(Buffer.alloc(60_000, round % 100));
      await until(() => read === before + 60_000, 'read');
    }
    for (const value of [100, 101]) {
      const before = read;
      source.write(Buffer.alloc(60_000, value));
      await until(() => read === before + 60_000, 'read');
    }
    sink.resume();
    await until(() => runs.length === 0, 'all of it');
  }
  expect(wrong).toBe(0);
  for (const socket of [source, sink]) socket.destroy();
  from.destroy();
  out.destroy();
  closeSource();
  closeSink();
});
