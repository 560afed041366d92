/** Longest value and name of a header, in bytes, that a proxy takes in its configuration. */
const mostBytes = 16_384;

/** Whether a text can be the value of a header, or a part of the request line. */
export function isHeaderText(text: string): boolean {
  return !/[\0\r\n]/.test(text) && isShort(text);
}

/** Whether a text can be the name of a header. */
export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~\w]+$/.test(name) && isShort(name);
}

function isShort(text: string): boolean {
  // Three bytes at most for each of JavaScript's characters.
  return text.length * 3 <= mostBytes || new TextEncoder().encode(text).length <= mostBytes;
}
