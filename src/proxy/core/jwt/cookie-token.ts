import type { Headers } from '../headers.ts';

/** Value of the first cookie of that name, without quotes around it; undefined: there is none. */
export function cookieToken(headers: Headers, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'cookie') continue;
    for (const pair of (headers[i + 1] as string).split(';')) {
      const cookie = pair.replace(/^ +/, '');
      if (cookie.startsWith(name) && cookie[name.length] === '=') return unquoted(cookie.slice(name.length + 1).trimEnd());
    }
  }
  return undefined;
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
