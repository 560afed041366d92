/** Cuts a stream of bytes into its lines, wherever the chunks end. Lines that are empty are left out. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      if (end < 0) break;
      // Bytes, not text, are put together: a chunk may end in the middle of a character.
      const bytes = chunk.subarray(start, end);
      const line = (rest.length > 0 ? Buffer.concat([...rest, bytes]) : bytes).toString();
      rest = [];
      start = end + 1;
      if (line.trim()) yield line;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  const line = Buffer.concat(rest).toString();
  if (line.trim()) yield line;
}
