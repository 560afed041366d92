// What a service says about the head of a request that it allows.
import type { ExchangeRecord } from '../../core/exchange-record.ts';
import { changeHeader, type HeaderChange } from '../../core/header-change.ts';
import { removeHeader } from '../../core/headers.ts';
import { pathEndOf } from '../../core/path.ts';

/** Of the message's framing and of the connection: nobody else may say what they are. */
const untouchable: ReadonlySet<string> = new Set([
  ...['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'proxy-connection', 'upgrade', 'te', 'trailer'],
]);

const mayBeChanged = (name: string): boolean => !untouchable.has(name) && name !== '';

/** What the first line of a request has room for: anything else would end it, and begin another header. */
const partsOfTheLine: Readonly<Record<string, RegExp>> = {
  ':path': /^\/[\x21-\x7e\x80-\xff]*$/,
  ':method': /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/,
  ':authority': /^[\w.~%!$&'()*+,;=:[\]-]+$/,
};

/** Changes of a response that say nothing of its framing. */
export function changesOfResponse(changes: readonly HeaderChange[]): HeaderChange[] {
  return changes.filter(({ name }) => mayBeChanged(name) && !name.startsWith(':'));
}

/** Changes that would break the message are left out. @returns whether any was made */
export function changeRequest(record: ExchangeRecord, changes: readonly HeaderChange[], removed: readonly string[]): boolean {
  let changed = false;
  for (const change of changes) {
    const { name, value } = change;
    if (!mayBeChanged(name)) continue;
    const form = partsOfTheLine[name === 'host' ? ':authority' : name];
    if (form?.test(value) === false) continue;
    if (name === ':path') setPath(record, value);
    else if (name === ':authority' || name === 'host') record.authority = value;
    else if (name === ':method') record.method = value;
    else if (name.startsWith(':')) continue;
    else changeHeader(record.headers, change);
    changed = true;
  }
  for (const name of removed) {
    if (!mayBeChanged(name) || name.startsWith(':') || name === 'host') continue;
    changed = true;
    removeHeader(record.headers, name);
  }
  return changed;
}

/** Parameters of the query that are set, and removed; afterwards all are in the order of their names. @returns whether any was */
export function changeQuery(record: ExchangeRecord, set: readonly { key: string; value: string }[], removed: readonly string[]): boolean {
  if (set.length + removed.length === 0) return false;
  const query = new Map<string, string[]>();
  for (const pair of record.path.slice(record.pathEnd + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = equals < 0 ? pair : pair.slice(0, equals);
    const values = query.get(key) ?? [];
    query.set(key, values);
    values.push(equals < 0 ? '' : pair.slice(equals + 1));
  }
  for (const { key, value } of set) query.set(inTarget(key), [inTarget(value)]);
  for (const key of removed) query.delete(key);
  const sorted = [...query].sort(([a], [b]) => (a < b ? -1 : 1));
  const text = sorted.flatMap(([key, values]) => values.map((value) => `${key}=${value}`)).join('&');
  setPath(record, record.path.slice(0, record.pathEnd) + (text === '' ? '' : `?${text}`));
  return true;
}

/** What a target has no room for, as escapes. */
function inTarget(text: string): string {
  return text.replace(/[^\x21-\x7e]|#/g, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

function setPath(record: ExchangeRecord, path: string): void {
  record.path = path;
  record.pathEnd = pathEndOf(path);
}
