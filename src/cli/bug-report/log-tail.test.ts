import { describe, expect, it } from 'vitest';
import { tailOf } from './log-tail.ts';

async function* chunked(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const lines = Array.from({ length: 50 }, (_, i) => `2026-01-02T03:04:${String(i).padStart(2, '0')}.5Z line ${i} ü\n`);
const open = { start: undefined, end: undefined };

describe('the end of a log', () => {
  it.each([1, 3, 7, 1000])('is all of it where that is short, in chunks of %i', async (size) => {
    expect(await tailOf(chunked(lines.join(''), size), open, 10_000)).toEqual({ text: lines.join(''), skipped: 0 });
  });
  it.each([1, 3, 7, 1000])('is whole lines, in chunks of %i', async (size) => {
    const { text, skipped } = await tailOf(chunked(lines.join(''), size), open, 200);
    expect(text).toBe(lines.slice(-5).join(''));
    expect(skipped).toBe(Buffer.byteLength(lines.slice(0, -5).join('')));
  });
  it.each([1, 3, 7, 1000])('stops at the wanted time, in chunks of %i', async (size) => {
    const window = { start: undefined, end: new Date('2026-01-02T03:04:12Z') };
    expect((await tailOf(chunked(lines.join(''), size), window, 10_000)).text).toBe(lines.slice(0, 12).join(''));
    expect((await tailOf(chunked(lines.join(''), size), window, 100)).text).toBe(lines.slice(10, 12).join(''));
  });
  it('leaves the rest of an endless log', async () => {
    let left = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (const line of lines) yield Buffer.from(line);
        for (;;) yield Buffer.from('2026-01-02T04:00:00Z later\n');
      } finally {
        left = true;
      }
    }
    const { text } = await tailOf(endless(), { start: undefined, end: new Date('2026-01-02T03:30:00Z') }, 10_000);
    expect([text, left]).toEqual([lines.join(''), true]);
  });
  it('has lines without a line end, and those without a time', async () => {
    const text = '2026-01-02T03:04:05Z a\n  at b\n2026-01-02T03:04:06Z c';
    const end = new Date('2026-01-02T03:05:00Z');
    expect((await tailOf(chunked(text, 4), { start: undefined, end }, 1000)).text).toBe(text);
    expect((await tailOf(chunked('x'.repeat(500), 9), open, 100)).text).toBe('x'.repeat(100));
  });
});
