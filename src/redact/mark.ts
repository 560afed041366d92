/** What stands in for what was taken out. YAML, JSON and logs take it as text, and nothing else that is searched for is in it. */
const pattern = /<redacted [^<>\n]*>|\[redacted\]/g;

/** `mark('private key')` is `<redacted private key>`. @param what in words; others of its characters are left out */
export function mark(what: string): string {
  return `<redacted ${what.replace(/[^\w ./:=,+@*-]+/g, ' ').trim()}>`;
}

/** Whether a text is one mark and nothing else. */
export function isMark(text: string): boolean {
  return /^(?:<redacted [^<>\n]*>|\[redacted\])$/.test(text);
}

/** Where a mark that begins at an index ends; undefined where none begins. */
export function endOfMark(text: string, index: number): number | undefined {
  const first = text.charCodeAt(index);
  if (first !== 0x3c && first !== 0x5b) return undefined;
  const sticky = new RegExp(pattern.source, 'y');
  sticky.lastIndex = index;
  return sticky.test(text) ? sticky.lastIndex : undefined;
}

/** All marks of a text, in order. */
export function marksIn(text: string): { start: number; end: number }[] {
  return [...text.matchAll(pattern)].map(({ index, 0: { length } }) => ({ start: index, end: index + length }));
}
