import { expect, it } from 'vitest';
import { inOrder } from './in-order.ts';

it('runs several at a time, and hands over in order', async () => {
  let running = 0;
  let most = 0;
  const run = async (n: number): Promise<number> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, (7 * n) % 5));
    running--;
    return n * 10;
  };
  const out: number[] = [];
  for await (const result of inOrder([1, 2, 3, 4, 5, 6, 7], run, 3)) out.push(result);
  expect(out).toEqual([10, 20, 30, 40, 50, 60, 70]);
  expect(most).toBe(3);
  for await (const _ of inOrder([], run, 3)) throw new Error('there is none');
});

it('waits for what runs when one fails, and starts no more', async () => {
  const ended: number[] = [];
  const run = async (n: number): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, n === 2 ? 1 : 10));
    if (n === 2) throw new Error('two');
    ended.push(n);
    return n;
  };
  const out: number[] = [];
  const all = async (): Promise<void> => {
    for await (const result of inOrder([1, 2, 3, 4, 5, 6], run, 3)) out.push(result);
  };
  await expect(all()).rejects.toThrow('two');
  expect(out).toEqual([1]);
  expect(ended).toEqual([1, 3, 4]);
});
