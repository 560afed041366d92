// Secrets to plant, and the search for them.
import { gunzipSync } from 'node:zlib';

/** PKCS #8 of no use: the right first bytes, and then any. */
export function privateKeyPem(seed = 7, label = 'PRIVATE KEY'): string {
  const body = Buffer.alloc(1214, 0);
  for (let i = 0, state = seed; i < body.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    body[i] = state >>> 16;
  }
  const der = Buffer.concat([Buffer.from('308204ba020100', 'hex'), body]);
  return `-----BEGIN ${label}-----\n${der
    .toString('base64')
    .replace(/(.{64})/g, '$1\n')
    .trim()}\n-----END ${label}-----\n`;
}

export function jwtOf(claims: object, signature = 'Zm9yZ2VkLXNpZ25hdHVyZS1vZi1uby11c2U'): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${signature}`;
}

/** The forms in which a value is searched for: independent of those of the redactor. */
export function disguises(value: string): string[] {
  const bytes = Buffer.from(value);
  const base64 = bytes.toString('base64').replace(/=+$/, '');
  const json = JSON.stringify(value).slice(1, -1);
  const shifted = [1, 2].map((by) =>
    Buffer.concat([Buffer.alloc(by, 'x'), bytes])
      .toString('base64')
      .replace(/=+$/, '')
      .slice(by + 1, -2),
  );
  return [
    ...new Set([
      value,
      json,
      JSON.stringify(json).slice(1, -1),
      encodeURIComponent(value),
      encodeURIComponent(encodeURIComponent(value)),
      base64.slice(0, -1),
      bytes.toString('base64url').slice(0, -1),
      Buffer.from(base64).toString('base64').replace(/=+$/, '').slice(0, -2),
      ...shifted,
      bytes.toString('hex'),
    ]),
  ].filter((form) => form.length >= 4);
}

/** In which of its forms a value is in a text; also in base64 and gzip that is in it. */
export function leaksIn(text: string, value: string, depth = 0): string[] {
  const plain = disguises(value).filter((form) => text.includes(form));
  if (depth >= 3) return plain;
  const inner = [...text.matchAll(/[A-Za-z0-9+/]{16,}={0,2}/g)].flatMap(([run]) => {
    const bytes = Buffer.from(run, 'base64');
    let decoded = bytes;
    try {
      if (bytes[0] === 0x1f && bytes[1] === 0x8b) decoded = gunzipSync(bytes);
    } catch {
      // No whole archive.
    }
    return leaksIn(decoded.toString('latin1'), value, depth + 1);
  });
  return [...plain, ...inner];
}

/** The text, and everything that base64 and gzip in it hold. */
export function unfolded(text: string, depth = 0): string {
  if (depth >= 3) return text;
  const inner = new Set<string>();
  for (const [run] of text.matchAll(/[A-Za-z0-9+/]{16,}={0,2}/g)) {
    for (const start of [0, 1, 2, 3]) {
      let bytes = Buffer.from(run.slice(start), 'base64');
      try {
        if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes);
      } catch {
        // No whole archive.
      }
      inner.add(bytes.toString('latin1'));
    }
  }
  return [text, ...[...inner].map((one) => unfolded(one, depth + 1))].join('\n');
}
