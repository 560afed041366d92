import type { Address } from '../../envoy/bootstrap.ts';
import { usageError } from '../exit.ts';
import { parsePort } from './flags.ts';

/** @throws CliError (usage) */
export function parseXdsAddress(text: string, flag = 'xds-address'): Address {
  if (text.startsWith('unix:')) return { path: text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '') };
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  const port = match ? parsePort(flag, match[3] as string) : 0;
  if (!match || port === 0) throw usageError(`--${flag} takes HOST:PORT or unix:PATH, not "${text}"`);
  return { address: (match[1] ?? match[2]) as string, port };
}

/** As gRPC takes it. */
export function addressText(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  return address.address.includes(':') ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
}
