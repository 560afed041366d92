/** A stretch of text between two separator lines. */
export interface Chunk {
  start: number;
  end: number;
}

/**
 * Splits a stream at lines that are `---`, blanks and a comment allowed after it, as Kubernetes does. A line such as
 * `--- {a: 1}` or `----` separates nothing. Chunks with nothing but blanks and comments are left out; blank lines at the start
 * of a chunk do not belong to it, comments do.
 */
export function splitDocuments(text: string): Chunk[] {
  const chunks: Chunk[] = [];
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let from = start;
  const push = (end: number): void => {
    let first = start;
    for (let i = start; i < end; i++) {
      const c = text.charCodeAt(i);
      if (c === 10) first = i + 1;
      else if (c !== 13 && c !== 32 && c !== 9) break;
    }
    if (hasContent(text, first, end)) chunks.push({ start: first, end });
  };
  for (;;) {
    const at = text.startsWith('---', from) ? from : text.indexOf('\n---', from) + 1;
    if (at === 0 && !text.startsWith('---', from)) break;
    const lineEnd = endOfLine(text, at);
    let i = at + 3;
    while (i < lineEnd && isBlank(text.charCodeAt(i))) i++;
    if (i === lineEnd || text.charCodeAt(i) === 35) {
      push(at);
      start = Math.min(lineEnd + 1, text.length);
    }
    from = lineEnd;
    if (lineEnd >= text.length) break;
  }
  push(text.length);
  return chunks;
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at < 0 ? text.length : at;
}

function isBlank(c: number): boolean {
  return c === 32 || c === 9 || c === 13;
}

function hasContent(text: string, start: number, end: number): boolean {
  let i = start;
  while (i < end) {
    const c = text.charCodeAt(i);
    if (c === 35) i = endOfLine(text, i);
    else if (c === 10 || isBlank(c)) i++;
    else return true;
  }
  return false;
}
