/** One text for all ways to write a range of addresses: `10.1.2.3/8` is `10.0.0.0/8`. What is no range stays as it is. */
export function canonicalRange(cidr: string): string {
  const [address = '', length] = cidr.split('/');
  if (length === undefined) return cidr;
  const bits = Number(length);
  const ipv6 = address.includes(':');
  const value = ipv6 ? ipv6Value(address) : ipv4Value(address);
  const host = BigInt((ipv6 ? 128 : 32) - bits);
  return `${ipv6 ? 6 : 4} ${((value >> host) << host).toString(16)}/${bits}`;
}

function ipv4Value(address: string): bigint {
  return address.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function ipv6Value(address: string): bigint {
  const groups = (text: string): bigint[] => (text === '' ? [] : text.split(':').flatMap(groupOf));
  const [before = '', after] = address.split('::');
  const first = groups(before);
  const last = after === undefined ? [] : groups(after);
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0n), ...last];
  return all.reduce((value, group) => (value << 16n) | group, 0n);
}

/** The last group may be an IPv4 address. */
function groupOf(text: string): bigint[] {
  if (!text.includes('.')) return [BigInt(`0x${text}`)];
  const value = ipv4Value(text);
  return [value >> 16n, value & 0xffffn];
}
