import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../test/until.ts';
import { LogBuffer } from './log-buffer.ts';
import { LogFile } from './log-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a buffer of lines', () => {
  it('passes lines on at its size, each interval, and at the end', async () => {
    const chunks: string[] = [];
    const buffer = new LogBuffer({ write: (lines) => chunks.push(lines) }, 10, 20);
    buffer.write('12345\n');
    expect(chunks).toEqual([]);
    buffer.write('6789\n');
    expect(chunks).toEqual(['12345\n6789\n']);
    buffer.write('a\n');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(chunks[1]).toBe('a\n');
    buffer.write('b\n');
    buffer.close();
    buffer.close();
    expect(chunks).toEqual(['12345\n6789\n', 'a\n', 'b\n']);
  });
});

describe('a log file', () => {
  it('appends in order, bytes as they came, wide characters as UTF-8', async () => {
    const path = join(folder, 'a.log');
    const first = new LogFile(path);
    for (let i = 0; i < 500; i++) first.write(`line ${i}\n`);
    await first.close();
    const second = new LogFile(path);
    second.write('\u00c3\u00a9 \u00ff \u20ac\n');
    await second.close();
    const bytes = readFileSync(path);
    expect(bytes.toString('latin1')).toBe(`${Array.from({ length: 500 }, (_, i) => `line ${i}\n`).join('')}\u00c3\u00a9 \u00ff \u00e2\u0082\u00ac\n`);
    expect(first.droppedLines).toBe(0);
  });

  it('goes on in a new file after a rotation, and loses no line', async () => {
    const path = join(folder, 'a.log');
    const file = new LogFile(path);
    file.write('before\n');
    while (file.pendingBytes > 0) await new Promise(setImmediate);
    renameSync(path, `${path}.1`);
    file.write('between\n');
    file.reopen();
    file.reopen();
    file.write('after\n');
    await file.close();
    expect(readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')).toBe('before\nbetween\nafter\n');
    expect(readFileSync(path, 'utf8')).toContain('after\n');
  });

  it('drops and counts lines beyond its bound while nobody reads, and never waits', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    // A reader that opens the pipe and reads nothing until it is told to.
    const { openSync, closeSync, constants, readSync } = await import('node:fs');
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const file = new LogFile(path, { mostPendingBytes: 300_000 });
    const line = `${'x'.repeat(99)}\n`;
    const began = performance.now();
    for (let i = 0; i < 100; i++) file.write(line.repeat(100));
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(file.pendingBytes).toBeLessThanOrEqual(300_000);
    expect(file.droppedLines).toBe(7_000);
    // What was accepted arrives once the reader wakes up.
    let read = 0;
    const buffer = Buffer.alloc(1 << 20);
    const closing = file.close(60_000);
    while (read < 300_000) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      try {
        read += readSync(reader, buffer);
      } catch {}
    }
    await closing;
    closeSync(reader);
    expect(read).toBe(300_000);
  });

  it('tries again after an error and tells of it; the end has a deadline', async () => {
    const errors: Error[] = [];
    const full = new LogFile('/dev/full', { onError: (error) => errors.push(error) });
    full.write('a\nb\n');
    await until(() => errors.length > 1, 'it has tried again');
    await full.close(10);
    expect(errors[0]?.message).toContain('ENOSPC');
    expect(full.droppedLines).toBe(2);
    full.write('late\n');
    expect(full.droppedLines).toBe(3);
  });

  it('writes at once what waits when the process cannot wait', () => {
    const path = join(folder, 'a.log');
    const file = new LogFile(path);
    file.write('with the system\n');
    file.write('waiting\n');
    file.flushNow();
    expect(readFileSync(path, 'utf8')).toContain('waiting\n');
  });

  it('throws where the file cannot be opened', () => {
    expect(() => new LogFile(join(folder, 'no', 'a.log'))).toThrow('ENOENT');
  });
});
