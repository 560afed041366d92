/** Characters of a text, as Go counts them, and not its UTF-16 units. */
export function textLength(text: string): number {
  let length = text.length;
  for (let i = 1; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) length--;
  return length;
}
