/**
 * Headers of a message in their order: name, value, name, value … Names are lower case. Pseudo headers are not among them: method,
 * path, authority, scheme and status are fields of the head. Values are latin1 text, without white space around.
 */
export type Headers = string[];

/** For messages whose headers are not known; never changed. */
export const emptyHeaders: Headers = [];

/** First value of a header; `name` in lower case. */
export function getHeader(headers: Headers, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
}

/** Values of all occurrences joined with a comma, as matchers see them (MAT-R19). */
export function joinedHeader(headers: Headers, name: string): string | undefined {
  let found: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) found = found === undefined ? (headers[i + 1] as string) : `${found},${headers[i + 1]}`;
  }
  return found;
}

/** Drops all occurrences in place. */
export function removeHeader(headers: Headers, name: string): void {
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) continue;
    headers[kept++] = headers[i] as string;
    headers[kept++] = headers[i + 1] as string;
  }
  headers.length = kept;
}

/** Overwrites the first occurrence in place and drops the others, or appends (RT-R36). */
export function overwriteHeader(headers: Headers, name: string, value: string): void {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== name) continue;
    headers[i + 1] = value;
    for (let j = i + 2; j < headers.length; j += 2) {
      if (headers[j] !== name) continue;
      headers.splice(j, 2);
      j -= 2;
    }
    return;
  }
  headers.push(name, value);
}

/** Drops all occurrences and appends one at the end (RT-R31). */
export function setHeader(headers: Headers, name: string, value: string): void {
  removeHeader(headers, name);
  headers.push(name, value);
}
