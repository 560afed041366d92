import { parseIp } from './ip.ts';

/**
 * An address of x-forwarded-for, counted from the right (RT-R46).
 *
 * @param skip how many addresses at the right are those of trusted proxies
 * @returns undefined when there is no such entry, or it is no IP address
 */
export function forwardedAddress(value: string, skip: number): string | undefined {
  let end = value.length;
  for (let i = 0; i < skip; i++) {
    const comma = value.lastIndexOf(',', end - 1);
    if (comma < 0 || end === 0) return undefined;
    end = comma;
  }
  const comma = end === 0 ? -1 : value.lastIndexOf(',', end - 1);
  const address = value.slice(comma + 1, end).trim();
  return parseIp(address) ? address : undefined;
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}
