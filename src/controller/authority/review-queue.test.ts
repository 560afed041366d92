import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ReviewQueue } from './review-queue.ts';

/** Reviews that are answered by hand. */
function reviews() {
  const open = new Map<string, { resolve(account: string): void; reject(error: Error): void }>();
  const asked: string[] = [];
  const review = (token: string): Promise<string> => {
    asked.push(token);
    return new Promise((resolve, reject) => open.set(token, { resolve, reject }));
  };
  const answer = async (token: string, result: string | Error): Promise<void> => {
    const one = open.get(token);
    if (result instanceof Error) one?.reject(result);
    else one?.resolve(result);
    // What waits gets its turn.
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { asked, review, answer };
}

describe('reviews of tokens', () => {
  it('are a few at a time, in turn, also after one that fails', async () => {
    const { asked, review, answer } = reviews();
    const queue = new ReviewQueue(review, { most: 2 });
    const results = ['a', 'b', 'c', 'd'].map((token) => queue.of(token).catch((error: Error) => error.message));
    expect(asked).toEqual(['a', 'b']);
    await answer('b', new Error('gone'));
    expect(asked).toEqual(['a', 'b', 'c']);
    await answer('c', 'cart');
    await answer('a', 'web');
    await answer('d', 'web');
    expect(await Promise.all(results)).toEqual(['web', 'gone', 'cart', 'web']);
    const later = [queue.of('e'), queue.of('f'), queue.of('g')];
    expect(asked.slice(4)).toEqual(['e', 'f']);
    for (const token of ['e', 'f', 'g']) await answer(token, token);
    expect(await Promise.all(later)).toEqual(['e', 'f', 'g']);
  });

  it('are one for the same token at the same time, and another one later', async () => {
    const { asked, review, answer } = reviews();
    const queue = new ReviewQueue(review);
    const both = [queue.of('a'), queue.of('a')];
    await answer('a', 'web');
    expect(await Promise.all(both)).toEqual(['web', 'web']);
    const again = queue.of('a');
    await answer('a', 'nobody');
    expect({ asked, again: await again }).toEqual({ asked: ['a', 'a'], again: 'nobody' });
  });

  it('are refused where too many wait, without being asked for', async () => {
    const { asked, review, answer } = reviews();
    const queue = new ReviewQueue(review, { most: 1, mostWaiting: 1 });
    const [first, second] = [queue.of('a'), queue.of('b')];
    await expect(queue.of('c')).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    await answer('a', 'web');
    await answer('b', 'cart');
    expect({ asked, results: await Promise.all([first, second]) }).toEqual({ asked: ['a', 'b'], results: ['web', 'cart'] });
  });
});
