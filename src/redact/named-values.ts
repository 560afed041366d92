// Values whose names say that they are secret, in text: `password=…`, `"token": "…"`, `Authorization: Bearer …`, `--api-key …`.
import type { Found } from './found.ts';
import { isMark, marksIn } from './mark.ts';
import { isHarmlessValue, isPasswordName, isSecretName } from './names.ts';
import { endOfWord, type Span, type ValueContext, valuesAt } from './value-at.ts';

/** Every name of a secret has one of these in it. */
const stems = /pass|pwd|secret|token|key|credential|authoriz|cookie|bearer|hmac|sessionid|session[_-]id|otp|dsn|sas|auth|connection[_-]?string/gi;

const nameCharacter = /[\w.-]/;

/** In headers, what comes before the credentials. */
const scheme = /^(?:Bearer|Basic|Digest|Negotiate|NTLM|Token|ApiKey|AWS4-HMAC-SHA256|Signature|Hawk)\s+/i;

/** In queries, names that are harmless elsewhere. */
const inQuery =
  /[?&](?:amp;)?(?:code|sig|signature|key|assertion|ticket|client_assertion|saml\w*|x-(?:amz|goog|oss)-(?:signature|credential|security-token))=([^&\s"'<>#\\]+)/gi;

/** Credentials that begin with their scheme, whatever is before them. */
const withScheme = /\b(?:bearer|basic|negotiate)(?:\s+|%20|\+)([A-Za-z0-9._~+/=-]{8,})/gi;

/** A pair of a variable or a header: `"name": "DB_PASSWORD", "value": "…"`. */
const pair =
  /\b(?:name|key)\\{0,8}["']?\s{0,20}:\s{0,20}\\{0,8}["']?([\w.-]{2,100})\\{0,8}["']?(?:\s|,|\\{1,8}[nrt]){0,100}\\{0,8}["']?value\\{0,8}["']?\s{0,20}:/g;

export function namedValues(text: string): Found[] {
  const found: Found[] = [];
  const marks = marksIn(text);
  let mark = 0;
  stems.lastIndex = 0;
  for (let match = stems.exec(text); match; match = stems.exec(text)) {
    while (mark < marks.length && (marks[mark] as Span).end <= match.index) mark++;
    const inside = marks[mark];
    if (inside && inside.start <= match.index) {
      stems.lastIndex = inside.end;
      continue;
    }
    const name = nameAround(text, match.index, match.index + match[0].length);
    stems.lastIndex = name.end;
    const label = text.slice(name.start, name.end);
    if (!isSecretName(lastOf(label))) continue;
    const before = found.length;
    addValue(text, name, label, found);
    // What is in a value goes with it.
    if (found.length > before) stems.lastIndex = Math.max(name.end, (found.at(-1) as Found).end);
  }
  for (const { index, 0: whole, 1: value = '' } of text.matchAll(inQuery)) {
    const end = index + whole.length;
    if (!isHarmlessValue('key', value)) found.push({ start: end - value.length, end, rule: 'named-value', what: 'value' });
  }
  for (const { index, 0: whole, 1: value = '' } of text.matchAll(withScheme)) {
    const end = index + whole.length;
    // And no word of a sentence.
    if (/\d|[._~+/=]|[a-z][A-Z]/.test(value) || value.length >= 24) found.push({ start: end - value.length, end, rule: 'authorization', what: 'credentials' });
  }
  for (const { index, 0: whole, 1: label = '' } of text.matchAll(pair)) {
    if (!isSecretName(lastOf(label))) continue;
    const at = index + whole.length;
    addSpans(text, valuesAt(text, at, { ownsLine: isOnItsLine(text, at), separator: ':' }), label, found);
  }
  return found;
}

function nameAround(text: string, from: number, to: number): Span {
  let start = from;
  let end = to;
  while (start > 0 && from - start < 100 && nameCharacter.test(text[start - 1] as string)) start--;
  while (end < text.length && end - to < 100 && nameCharacter.test(text[end] as string)) end++;
  // What is left of an encoded character: %3Ftoken%3D.
  if (text[start - 1] === '%' && start + 2 <= from && /^[0-9A-Fa-f]{2}/.test(text.slice(start, start + 2))) start += 2;
  return { start, end };
}

/** Of a name with dots, what it ends with: before that are groups, or the labels of a host. */
function lastOf(name: string): string {
  const last = name.replace(/[.-]+$/, '').split('.');
  return last.slice(-2).join('.');
}

function addValue(text: string, name: Span, label: string, found: Found[]): void {
  const behind = separatorAfter(text, name, label);
  if (!behind) return;
  const { at, separator } = behind;
  if (/cookie$/i.test(label)) addCookies(text, at, found);
  else if (/authorization$/i.test(label)) addAuthorization(text, at, behind, found);
  else {
    const spans = valuesAt(text, at, behind);
    // A sentence goes on behind a colon: `invalid token: signature is wrong`.
    const isQuoted = spans[0] !== undefined && /["'`]/.test(text[spans[0].start - 1] ?? '');
    if (separator === ':' && !behind.ownsLine && !isQuoted && !isPasswordName(label) && /^ [a-z]{1,19} [a-z]/.test(text.slice(at, at + 22))) return;
    addSpans(text, spans, label, found);
  }
}

function addSpans(text: string, spans: readonly Span[], label: string, found: Found[]): void {
  for (const { start, end } of spans) {
    const value = text.slice(start, end);
    if (value !== '' && !isMark(value) && !isHarmlessValue(label, value)) found.push({ start, end, rule: 'named-value', what: 'value' });
  }
}

interface Behind extends ValueContext {
  /** Where the value begins, or blanks before it. */
  at: number;
}

/** What separates a name from its value; undefined where the name is just a word. */
function separatorAfter(text: string, { start, end }: Span, label: string): Behind | undefined {
  let at = end;
  const close = /^(?:\\*["'`]|\]|\\*["'`]\])/.exec(text.slice(at, at + 12))?.[0] ?? '';
  at += close.length;
  let blanks = 0;
  while (text[at + blanks] === ' ' || text[at + blanks] === '\t') blanks++;
  const rest = text.slice(at + blanks, at + blanks + 4);
  if (/^(?:=>|:=|==)/.test(rest)) return { at: at + blanks + 2, separator: '=', ownsLine: false };
  if (/^%3[Dd]/.test(rest)) return { at: at + blanks + 3, separator: '=', ownsLine: false };
  if (rest[0] === '=') return { at: at + blanks + 1, separator: '=', ownsLine: isFirstOnLine(text, start) };
  if (rest[0] === ':' && rest[1] !== ':' && !rest.startsWith('://')) {
    // The port of a host, or the tag of an image.
    if (close === '' && blanks === 0 && (/^:(?:\d{1,5}|v?\d+\.\d[\w.-]*)(?:[/\s"',;)\]]|$)/.test(text.slice(at, at + 40)) || text[start - 1] === '/'))
      return undefined;
    return { at: at + blanks + 1, separator: ':', ownsLine: close === '' && isFirstOnLine(text, start) };
  }
  // 'name', 'value' in logs of Envoy, ("name", "value") in scripts; what is in a list of names is none.
  if (
    rest[0] === ',' &&
    (close === "'" || /\(\s*\\*["'`]$/.test(text.slice(Math.max(0, start - 8), start))) &&
    /^,\s*\\*["'`]/.test(text.slice(at + blanks, at + blanks + 12))
  )
    return { at: at + blanks + 1, separator: ',', ownsLine: false };
  if (rest[0] === '>' && text[start - 1] === '<') return { at: at + blanks + 1, separator: '>', ownsLine: false };
  // --name value
  if (label.startsWith('-') && blanks > 0 && rest[0] !== '-' && close === '') return { at: at + blanks, separator: ' ', ownsLine: false };
  return undefined;
}

function isFirstOnLine(text: string, start: number): boolean {
  let at = start;
  while (at > 0 && start - at < 80 && text[at - 1] !== '\n') at--;
  return /^\s*(?:[-*#]\s+)*(?:(?:export|set|ENV|ARG|SET)\s+)?$/.test(text.slice(at, start)) && (at === 0 || text[at - 1] === '\n');
}

function isOnItsLine(text: string, at: number): boolean {
  return /(?:^|\n)\s*value$/.test(text.slice(Math.max(0, at - 40), at - 1));
}

function addAuthorization(text: string, at: number, context: Behind, found: Found[]): void {
  const add = (start: number, end: number): void => {
    const value = text.slice(start, end);
    const before = scheme.exec(value)?.[0].length ?? 0;
    const credentials = value.slice(before);
    if (credentials !== '' && !isMark(credentials) && !isHarmlessValue('authorization', credentials))
      found.push({ start: start + before, end, rule: 'authorization', what: 'credentials' });
  };
  const spans = valuesAt(text, at, context);
  const [first] = spans;
  if (!first) return;
  const isQuoted = /["'`]/.test(text[first.start - 1] ?? '');
  if (spans.length > 1 || isQuoted || context.ownsLine) {
    for (const { start, end } of spans) add(start, end);
    return;
  }
  const behind = scheme.exec(text.slice(first.start, first.start + 40))?.[0];
  if (behind === undefined) add(first.start, first.end);
  else if (/^(?:digest|aws4|signature|hawk)/i.test(behind)) add(first.start, endOfLine(text, first.start));
  else add(first.start, endOfWord(text, first.start + behind.length));
}

function endOfLine(text: string, start: number): number {
  const match = /[\n"'`\\]/g;
  match.lastIndex = start;
  return match.exec(text)?.index ?? text.length;
}

/** `a=1; b=2`, as a browser sends them; of `Set-Cookie`, with what follows. */
const cookies = /[^\s;,"'`<>\\]+(?:;\s*[^\s;,"'`<>\\]+)*/y;

function addCookies(text: string, at: number, found: Found[]): void {
  let start = at;
  while (/[ \t[\\"'`]/.test(text[start] ?? 'x')) start++;
  cookies.lastIndex = start;
  const value = cookies.exec(text)?.[0] ?? '';
  if (value.includes('=') && text[start] !== '{') found.push({ start, end: start + value.length, rule: 'cookie', what: 'cookies' });
}
