/**
 * Bytes of an IP address, 4 or 16; an IPv4 address in IPv6 notation (`::ffff:10.0.0.1`) is given as the IPv4 address that it is.
 *
 * @returns undefined when the text is no IP address
 */
export function parseIp(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return parseIpv4(text);
  const zone = text.indexOf('%');
  const bytes = parseIpv6(zone < 0 ? text : text.slice(0, zone));
  return bytes && isMapped(bytes) ? bytes.subarray(12) : bytes;
}

export interface Cidr {
  bytes: Uint8Array;
  /** Bits that count, at most 32 or 128. */
  length: number;
}

/** `10.0.0.0/8`, or an address alone for itself; undefined when it is neither. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const bytes = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (!bytes) return undefined;
  const most = bytes.length * 8;
  if (slash < 0) return { bytes, length: most };
  const digits = text.slice(slash + 1);
  let length = decimal(digits, 128);
  // The block of mapped addresses loses the 96 bits of its prefix.
  if (length !== undefined && most === 32 && text.includes(':')) length -= 96;
  return length === undefined || length < 0 || length > most ? undefined : { bytes, length };
}

export function cidrContains(cidr: Cidr, address: Uint8Array): boolean {
  if (cidr.bytes.length !== address.length) return false;
  const whole = cidr.length >> 3;
  for (let i = 0; i < whole; i++) if (cidr.bytes[i] !== address[i]) return false;
  const rest = cidr.length & 7;
  return rest === 0 || ((cidr.bytes[whole] as number) ^ (address[whole] as number)) >> (8 - rest) === 0;
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const value = decimal(parts[i] as string, 255);
    if (value === undefined) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const gap = text.indexOf('::');
  if (gap < 0) {
    const words = wordsOf(text);
    return words?.length === 16 ? Uint8Array.from(words) : undefined;
  }
  const before = wordsOf(text.slice(0, gap));
  const after = wordsOf(text.slice(gap + 2));
  if (!before || !after || before.length + after.length > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(before);
  bytes.set(after, 16 - after.length);
  return bytes;
}

/** Bytes of `2001:db8:10.0.0.1`; the last word may be an IPv4 address. */
function wordsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const words = text.split(':');
  const bytes: number[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (i === words.length - 1 && word.includes('.')) {
      const v4 = parseIpv4(word);
      if (!v4) return undefined;
      bytes.push(...v4);
      continue;
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(word)) return undefined;
    const value = Number.parseInt(word, 16);
    bytes.push(value >> 8, value & 255);
  }
  return bytes;
}

function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 255 && bytes[11] === 255;
}

function decimal(text: string, most: number): number | undefined {
  if (!/^[0-9]{1,3}$/.test(text) || (text.length > 1 && text[0] === '0')) return undefined;
  const value = Number(text);
  return value > most ? undefined : value;
}
