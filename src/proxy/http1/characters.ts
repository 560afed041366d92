// Character classes of RFC 9110 and RFC 9112 as tables of 256 entries; 0 is "not in the class".

function table(inClass: (byte: number) => boolean): Uint8Array {
  const entries = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) if (inClass(byte)) entries[byte] = 1;
  return entries;
}

const tokenPunctuation = "!#$%&'*+-.^_`|~";

function isTokenByte(byte: number): boolean {
  const char = String.fromCharCode(byte);
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || tokenPunctuation.includes(char);
}

/** Field names: the lower case of a token character. */
export const lowerToken = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) if (isTokenByte(byte)) lowerToken[byte] = byte >= 65 && byte <= 90 ? byte + 32 : byte;

/** Field values: HTAB, visible characters, space, obs-text; neither NUL, CR, LF nor other controls. */
export const valueBytes = table((byte) => byte === 9 || (byte >= 32 && byte !== 127));

/** Request targets: visible ASCII. */
export const targetBytes = table((byte) => byte > 32 && byte < 127);

/** Authority of a request target: host, port and what a registered name may hold, without `@`: user information is refused. */
export const authorityBytes = table((byte) => {
  const char = String.fromCharCode(byte);
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || "-._~%!$&'()*+,;=:[]".includes(char);
});

/** Values of hexadecimal digits; 255 is none. */
export const hexDigits = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) {
  hexDigits[digit.toString(16).charCodeAt(0)] = digit;
  hexDigits[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** Every character of `text` is in the class. */
export function all(classTable: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (classTable[text.charCodeAt(i)] !== 1) return false;
  return true;
}
