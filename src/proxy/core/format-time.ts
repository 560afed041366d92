// Times in formats: `%START_TIME(%Y-%m-%d %H:%M:%S.%3f)%`. The specifiers are those of strftime in UTC, and `%1f` … `%9f` for
// fractions of a second, `%s` for seconds since 1970 (`%3s`, `%6s`, `%9s` in milli-, micro- and nanoseconds).

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

const two = (value: number): string => String(value).padStart(2, '0');

const specifiers: Readonly<Record<string, (date: Date) => string>> = {
  Y: (d) => String(d.getUTCFullYear()),
  C: (d) => two(Math.floor(d.getUTCFullYear() / 100)),
  y: (d) => two(d.getUTCFullYear() % 100),
  m: (d) => two(d.getUTCMonth() + 1),
  d: (d) => two(d.getUTCDate()),
  e: (d) => String(d.getUTCDate()).padStart(2, ' '),
  H: (d) => two(d.getUTCHours()),
  I: (d) => two(d.getUTCHours() % 12 || 12),
  M: (d) => two(d.getUTCMinutes()),
  S: (d) => two(d.getUTCSeconds()),
  p: (d) => (d.getUTCHours() < 12 ? 'AM' : 'PM'),
  A: (d) => days[d.getUTCDay()] as string,
  a: (d) => (days[d.getUTCDay()] as string).slice(0, 3),
  B: (d) => months[d.getUTCMonth()] as string,
  b: (d) => (months[d.getUTCMonth()] as string).slice(0, 3),
  h: (d) => (months[d.getUTCMonth()] as string).slice(0, 3),
  j: (d) => String(Math.floor((d.getTime() - Date.UTC(d.getUTCFullYear(), 0, 1)) / 86_400_000) + 1).padStart(3, '0'),
  u: (d) => String(d.getUTCDay() || 7),
  w: (d) => String(d.getUTCDay()),
  z: () => '+0000',
  Z: () => 'UTC',
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
  F: (d) => `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`,
  T: (d) => `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`,
  R: (d) => `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`,
  D: (d) => `${two(d.getUTCMonth() + 1)}/${two(d.getUTCDate())}/${two(d.getUTCFullYear() % 100)}`,
};

/** Writes milliseconds since 1970 as a text. */
export type TimeFormat = (wallMs: number) => string;

/** `2026-11-22T15:08:47.381Z` */
export const isoTime: TimeFormat = (wallMs) => new Date(Math.floor(wallMs)).toISOString();

/** Specifiers that are not known stay as they are. */
export function compileTimeFormat(format: string): TimeFormat {
  const parts: (string | TimeFormat)[] = [];
  let text = '';
  for (let i = 0; i < format.length; i++) {
    const c = format[i] as string;
    if (c !== '%') {
      text += c;
      continue;
    }
    const digits = /^[1-9]?/.exec(format.slice(i + 1))?.[0] ?? '';
    const name = format[i + 1 + digits.length] ?? '';
    const part = partOf(name, digits);
    if (part === undefined) {
      text += c;
      continue;
    }
    if (text !== '') parts.push(text);
    text = '';
    parts.push(part);
    i += digits.length + 1;
  }
  if (text !== '') parts.push(text);
  return (wallMs) => {
    let out = '';
    for (const part of parts) out += typeof part === 'string' ? part : part(wallMs);
    return out;
  };
}

function partOf(name: string, digits: string): TimeFormat | undefined {
  if (name === 's') return (wallMs) => secondsSinceEpoch(wallMs, Number(digits || '0'));
  if (name === 'f') return (wallMs) => fraction(wallMs, Number(digits || '3'));
  const specifier = digits === '' && Object.hasOwn(specifiers, name) ? specifiers[name] : undefined;
  return specifier && ((wallMs) => specifier(new Date(Math.floor(wallMs))));
}

/** Digits of the fraction of a second. */
function fraction(wallMs: number, digits: number): string {
  const nanoseconds = Math.round((wallMs - Math.floor(wallMs / 1000) * 1000) * 1e6);
  return String(Math.min(nanoseconds, 999_999_999)).padStart(9, '0').slice(0, digits);
}

function secondsSinceEpoch(wallMs: number, digits: number): string {
  return String(Math.floor(wallMs / 1000)) + (digits === 0 ? '' : fraction(wallMs, digits));
}
