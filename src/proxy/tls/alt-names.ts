// Subject alternative names: as Node writes those of a certificate, and by which ones a peer is accepted.
import { parseIp } from '../core/ip.ts';

export interface AltNames {
  dns: readonly string[];
  uris: readonly string[];
  /** As texts: `10.0.0.1`. */
  addresses: readonly string[];
  emails: readonly string[];
  /** Of all kinds, in the order of the certificate. */
  all: readonly string[];
}

/**
 * @param text `subjectAltName` of node:crypto's X509Certificate: `DNS:a, URI:b`, where what could be mistaken for more than one name is
 *   quoted as JSON
 */
export function parseAltNames(text: string | undefined): AltNames {
  const dns: string[] = [];
  const uris: string[] = [];
  const addresses: string[] = [];
  const emails: string[] = [];
  const all: string[] = [];
  const lists: Readonly<Record<string, string[]>> = { DNS: dns, URI: uris, 'IP Address': addresses, email: emails };
  for (const entry of entries(text ?? '')) {
    const colon = entry.indexOf(':');
    const value = unquoted(entry.slice(colon + 1));
    const list = lists[entry.slice(0, colon)];
    if (value === undefined || !list) continue;
    list.push(value);
    all.push(value);
  }
  return { dns, uris, addresses, emails, all };
}

/** Splits at commas that are not within quotes. */
function entries(text: string): string[] {
  const found: string[] = [];
  let from = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted && c === '\\') i++;
    else if (c === '"') quoted = !quoted;
    else if (c === ',' && !quoted && text[i + 1] === ' ') {
      found.push(text.slice(from, i));
      from = i + 2;
    }
  }
  if (from < text.length) found.push(text.slice(from));
  return found;
}

function unquoted(value: string): string | undefined {
  if (!value.startsWith('"')) return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Whether one of the certificate's names, of whatever kind, is one of these. */
export function hasAltName(names: AltNames, accepted: readonly string[]): boolean {
  return accepted.some(
    (name) =>
      names.uris.includes(name) || names.emails.includes(name) || names.dns.some((pattern) => dnsNameMatches(name, pattern)) || isOneOf(name, names.addresses),
  );
}

/** However they are written. */
function isOneOf(address: string, addresses: readonly string[]): boolean {
  if (addresses.length === 0) return false;
  const bytes = parseIp(address);
  return (
    bytes !== undefined &&
    addresses.some((one) => {
      const other = parseIp(one);
      return other !== undefined && Buffer.compare(bytes, other) === 0;
    })
  );
}

/** Wildcards stand for characters of the first label; never in one that is encoded for other scripts. */
export function dnsNameMatches(name: string, pattern: string): boolean {
  const wanted = name.toLowerCase();
  const given = pattern.toLowerCase();
  if (wanted === given) return true;
  const [label, rest] = split(wanted);
  const [wildcard, domain] = split(given);
  if (rest === undefined || domain === undefined || rest !== domain || domain.includes('*') || wildcard.startsWith('xn--')) return false;
  const star = wildcard.indexOf('*');
  if (star < 0 || wildcard.indexOf('*', star + 1) >= 0) return false;
  const before = wildcard.slice(0, star);
  const after = wildcard.slice(star + 1);
  return label.length >= before.length + after.length && label.startsWith(before) && label.endsWith(after);
}

function split(name: string): [string, string | undefined] {
  const dot = name.indexOf('.');
  return dot < 0 ? [name, undefined] : [name.slice(0, dot), name.slice(dot + 1)];
}
