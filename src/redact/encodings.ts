/** How a value may be written where it is found: as it is, escaped, or encoded, also in the middle of something longer that is. */
export function formsOf(value: Buffer): string[] {
  const text = textOf(value);
  const forms = new Set<string>();
  if (text !== undefined) {
    forms.add(text);
    const json = JSON.stringify(text).slice(1, -1);
    const ascii = json.replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
    for (const escaped of [json, ascii, htmlSafe(json), htmlSafe(ascii)]) {
      forms.add(escaped);
      // JSON in JSON, as in logs.
      forms.add(JSON.stringify(escaped).slice(1, -1));
    }
    forms.add(text.replaceAll("'", "''"));
    const url = encodeUrl(text);
    for (const encoded of [url, encodeUrl(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)]) {
      forms.add(encoded);
      forms.add(encoded.replaceAll('%20', '+'));
      forms.add(encoded.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()));
    }
    forms.add(encodeUrl(url));
    forms.add(text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'));
  }
  for (const encoded of [value.toString('base64').replace(/=+$/, ''), ...inBase64(value)]) {
    forms.add(encoded);
    forms.add(encoded.replaceAll('+', '-').replaceAll('/', '_'));
    forms.add(encodeUrl(encoded));
  }
  // Base64 of the value as it is in a Secret.
  for (const encoded of inBase64(Buffer.from(value.toString('base64').replace(/=+$/, '')))) forms.add(encoded);
  if (value.length >= 8) {
    forms.add(value.toString('hex'));
    forms.add(value.toString('hex').toUpperCase());
  }
  return [...forms];
}

/** As Go writes JSON. */
function htmlSafe(json: string): string {
  return json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

function encodeUrl(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Undefined for bytes that are no UTF-8. */
export function textOf(bytes: Buffer): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** What of its base64 does not depend on what stands before and after it, at each of the three places in a group. */
function inBase64(value: Buffer): string[] {
  const out: string[] = [];
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), value])
      .toString('base64')
      .replace(/=+$/, '');
    const bits = (before + value.length) * 8;
    // The first and the last character may share bits with their neighbours.
    const start = Math.ceil((before * 8) / 6);
    const core = encoded.slice(start, Math.floor(bits / 6));
    if (core.length >= 8) out.push(core);
  }
  return out;
}
