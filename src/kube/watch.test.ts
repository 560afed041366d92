import type { ServerResponse } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { until } from '../../test/until.ts';
import type { WatchEvent } from './client.ts';
import { KubeError } from './error.ts';
import { configMaps, type FakeApi, fakeApi, json, statusOf } from './testing.ts';

let api: FakeApi;
afterEach(() => api.close());

const event = (type: string, name: string): string => `${JSON.stringify({ type, object: { metadata: { name } } })}\n`;

/** Reads a watch to its end. */
async function read(options: { signal?: AbortSignal; stopAfter?: number } = {}): Promise<{ events: WatchEvent[]; error: unknown }> {
  const events: WatchEvent[] = [];
  try {
    for await (const one of api.client.watch(configMaps, { resourceVersion: '5', signal: options.signal ?? new AbortController().signal })) {
      events.push(one);
      if (events.length === options.stopAfter) break;
    }
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

async function chunks(response: ServerResponse, parts: readonly Buffer[]): Promise<void> {
  for (const part of parts) {
    response.write(part);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it('events are read wherever the chunks end, in the middle of a character, too', async () => {
  const bytes = Buffer.from(event('ADDED', 'löwe-€-😀') + event('MODIFIED', 'b'));
  api = await fakeApi((_, response) => {
    void chunks(
      response,
      Array.from({ length: Math.ceil(bytes.length / 3) }, (__, at) => bytes.subarray(at * 3, at * 3 + 3)),
    ).then(() => response.end());
  });
  const { events, error } = await read();
  expect(error).toBeUndefined();
  expect(events).toEqual([
    { type: 'ADDED', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'löwe-€-😀' } } },
    { type: 'MODIFIED', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } } },
  ]);
  const { query, path } = api.asked[0] ?? {};
  expect([path, query?.get('watch'), query?.get('resourceVersion'), query?.get('allowWatchBookmarks')]).toEqual(['/api/v1/configmaps', 'true', '5', 'true']);
  expect(Number(query?.get('timeoutSeconds'))).toBeGreaterThanOrEqual(240);
});

it('an event of four thousand chunks', async () => {
  const long = Buffer.from(event('ADDED', 'x'.repeat(4_000_000)));
  api = await fakeApi((_, response) => {
    for (let at = 0; at < long.length; at += 1_000) response.write(long.subarray(at, at + 1_000));
    response.end();
  });
  expect((await read()).events[0]?.object.metadata.name).toHaveLength(4_000_000);
});

it('an ERROR event is thrown, with the status that it carries', async () => {
  const gone = { type: 'ERROR', object: statusOf(410, 'Expired', 'too old resource version: 5 (9)') };
  api = await fakeApi((_, response) => response.end(event('ADDED', 'a') + JSON.stringify(gone)));
  const { events, error } = await read();
  expect(events).toHaveLength(1);
  expect(error).toMatchObject({ status: 410, reason: 'Expired', message: 'cannot watch configmaps: too old resource version: 5 (9)' });
});

it('a watch that cannot open yet is asked for again', async () => {
  api = await fakeApi((_, response, count) =>
    count < 3 ? json(response, 429, statusOf(429, 'TooManyRequests', 'storage is (re)initializing')) : response.end(event('ADDED', 'a')),
  );
  expect((await read()).events).toHaveLength(1);
});

it('a connection that is cut is told, after the events that came', async () => {
  api = await fakeApi((_, response) => response.write(event('ADDED', 'a'), () => setTimeout(() => response.destroy(), 20)));
  const { events, error } = await read();
  expect(events).toHaveLength(1);
  expect(error).toBeInstanceOf(KubeError);
  expect(error).toMatchObject({ reason: 'Unreachable' });
});

it.each([
  ['before it opened', () => {}],
  ['while it stands', (response: ServerResponse) => response.write(event('ADDED', 'a'))],
])('ends when the signal aborts: %s', async (_, answer) => {
  let closed = false;
  api = await fakeApi((__, response) => {
    response.on('close', () => {
      closed = true;
    });
    answer(response);
  });
  const { error } = await read({ signal: AbortSignal.timeout(100) });
  expect(error).toBeUndefined();
  await until(() => closed, 'the request is ended');
});

it('a reader that leaves ends the request', async () => {
  let closed = false;
  api = await fakeApi((_, response) => {
    response.on('close', () => {
      closed = true;
    });
    response.write(event('ADDED', 'a') + event('ADDED', 'b'));
  });
  expect((await read({ stopAfter: 1 })).events).toHaveLength(1);
  await until(() => closed, 'the request is ended');
});

it('a closed client ends its watches with an error', async () => {
  api = await fakeApi((_, response) => response.write(event('ADDED', 'a')));
  setTimeout(() => api.client.close(), 100);
  expect((await read()).error).toMatchObject({ reason: 'Aborted' });
});

it.each(['what is no JSON\n', '{"type":"ADDED"}\n', 'null\n'])('%j is no event', async (line) => {
  api = await fakeApi((_, response) => response.end(line));
  expect((await read()).error).toMatchObject({ reason: 'BadAnswer', message: expect.stringContaining('sends what is no event') });
});
