/** Control characters, and those that turn the direction of text: in a terminal they do things instead of showing. */
const invisible = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A text of the input as a terminal may show it: each such character as one that is seen, tabs and line ends as they are. */
export function visible(text: string): string {
  return text.replace(invisible, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
  });
}

/** Nobody reads more of one message. */
const mostLines = 1000;

/** Everything on one line. */
export function oneLine(text: string): string {
  const line = text.includes('\n')
    ? text
        .split('\n', mostLines)
        .map((part) => part.trim())
        .filter((part) => part !== '')
        .join(' ')
    : text;
  return visible(line);
}

const wide = /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const zero = /^[\p{Mn}\p{Me}\p{Cf}]/u;

/** Columns that a text takes in a terminal; a tab counts as one. */
export function columnsOf(text: string): number {
  // Plain text, which is nearly all of it.
  if (!/[\u0300-\u{10ffff}]/u.test(text)) return text.length;
  let columns = 0;
  for (const c of text) columns += zero.test(c) ? 0 : wide.test(c) ? 2 : 1;
  return columns;
}
