import { usageError } from '../exit.ts';
import { parsePort } from '../proxy/flags.ts';

export interface ListenAddress {
  /** Only who is on this machine can connect. */
  isLocal: boolean;
  /** As clients write it, with the port that the system gave. */
  withPort(port: number): string;
}

/** @throws CliError (usage) */
export function listenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:')) return { isLocal: true, withPort: () => text };
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  if (!match) throw usageError(`--address takes HOST:PORT or unix:PATH, not "${text}"`);
  parsePort('address', match[3] as string);
  const host = (match[1] ?? match[2]) as string;
  const any: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const reached = any[host] ?? host;
  return {
    isLocal: host === 'localhost' || host === '::1' || host.startsWith('127.'),
    withPort: (port) => `${reached.includes(':') ? `[${reached}]` : reached}:${port}`,
  };
}
