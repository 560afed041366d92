import type { TimeWindow } from './time-window.ts';

export interface LogTail {
  text: string;
  /** Bytes that were there, and are not in the text, because it would be too long. */
  skipped: number;
}

/** When a line was written: the kubelet puts it first. */
const timeOf = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) /;

/**
 * The last part of a log, cut at the start of a line. Of a log that never ends no more than twice the wanted bytes are kept meanwhile.
 *
 * @param chunks each line begins with its time
 */
export async function tailOf(chunks: AsyncIterable<Buffer>, { end }: TimeWindow, mostBytes: number): Promise<LogTail> {
  let kept: Buffer[] = [];
  let length = 0;
  let skipped = 0;
  let rest: Buffer = Buffer.alloc(0);
  const take = (bytes: Buffer): void => {
    kept.push(bytes);
    length += bytes.length;
    if (length <= mostBytes * 2) return;
    const all = Buffer.concat(kept, length);
    skipped += all.length - mostBytes;
    kept = [Buffer.from(all.subarray(all.length - mostBytes))];
    length = mostBytes;
  };
  let isOver = false;
  for await (const chunk of chunks) {
    if (!end) {
      take(chunk);
      continue;
    }
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let start = 0;
    for (let at = bytes.indexOf(0x0a); at >= 0 && !isOver; at = bytes.indexOf(0x0a, start)) {
      const line = bytes.subarray(start, at + 1);
      isOver = isAfter(line, end);
      if (!isOver) take(line);
      start = at + 1;
    }
    rest = bytes.subarray(start);
    // Leaving early ends the request.
    if (isOver) break;
  }
  if (end && !isOver && rest.length > 0 && !isAfter(rest, end)) take(rest);
  const all = Buffer.concat(kept, length);
  if (skipped === 0 && all.length <= mostBytes) return { text: all.toString(), skipped: 0 };
  const cut = all.subarray(Math.max(0, all.length - mostBytes));
  const newline = cut.indexOf(0x0a);
  const text = newline < 0 ? cut : cut.subarray(newline + 1);
  return { text: text.toString(), skipped: skipped + all.length - text.length };
}

function isAfter(line: Buffer, end: Date): boolean {
  const time = timeOf.exec(line.subarray(0, 64).toString('latin1'))?.[1];
  return time !== undefined && new Date(time) > end;
}
