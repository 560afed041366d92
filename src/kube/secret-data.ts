// The data of a Secret: texts in base64.

/** Texts by key. What is no text is left out. @param data of a Secret, which may be anything */
export function decodedData(data: unknown): Record<string, string> {
  if (typeof data !== 'object' || data === null) return {};
  return Object.fromEntries(
    Object.entries(data).flatMap(([key, value]): [string, string][] => (typeof value === 'string' ? [[key, Buffer.from(value, 'base64').toString()]] : [])),
  );
}

/** The inverse. What is undefined is left out. */
export function encodedData(texts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).flatMap(([key, text]): [string, string][] => (text === undefined ? [] : [[key, Buffer.from(text).toString('base64')]])),
  );
}
