import { afterEach, expect, it } from 'vitest';
import { FixedCredentials } from './credentials.ts';
import { type FakeApi, fakeApi } from './testing.ts';
import { Transport } from './transport.ts';

let api: FakeApi;
afterEach(() => api.close());

it('a stream on which nothing comes any more is noticed; time that its reader takes does not count', async () => {
  let answerMore = (): void => {};
  api = await fakeApi((_, response) => {
    response.write('a');
    answerMore = () => response.write('b');
  });
  const transport = new Transport({ server: api.server, context: '', origin: 'the test' }, new FixedCredentials({ headers: {} }));
  const stream = await transport.open({ method: 'GET', path: '/', headers: {}, timeoutMs: 20_000, purpose: 'look' }, 700);
  const seen: string[] = [];
  const reading = (async () => {
    for await (const chunk of stream) {
      seen.push(chunk.toString());
      if (seen.length > 1) continue;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      answerMore();
    }
  })();
  await expect(reading).rejects.toMatchObject({ reason: 'Timeout', message: expect.stringContaining('has been silent') });
  expect(seen).toEqual(['a', 'b']);
});

it('one connection serves requests that come one after the other', async () => {
  const ports = new Set<number | undefined>();
  api = await fakeApi((_, response) => {
    ports.add(response.socket?.remotePort);
    response.end('{}');
  });
  for (let n = 0; n < 5; n++) await api.client.version();
  expect(ports.size).toBe(1);
});
