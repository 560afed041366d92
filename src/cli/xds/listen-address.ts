import { CliError, usageError } from '../exit.ts';
import { parsePort } from '../proxy/flags.ts';

export interface ListenAddress {
  /** Only who is on this machine can connect. */
  isLocal: boolean;
  /** As clients write it, with the port that the system gave. */
  withPort(port: number): string;
}

/**
 * @param flag that the address is of, without its dashes
 * @throws CliError (usage)
 */
export function listenAddress(text: string, flag = 'address'): ListenAddress {
  if (text.startsWith('unix:')) return { isLocal: true, withPort: () => text };
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  if (!match) throw usageError(`--${flag} takes HOST:PORT or unix:PATH, not "${text}"`);
  parsePort(flag, match[3] as string);
  const host = (match[1] ?? match[2]) as string;
  const any: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const reached = any[host] ?? host;
  return {
    isLocal: host === 'localhost' || host === '::1' || host.startsWith('127.'),
    withPort: (port) => `${reached.includes(':') ? `[${reached}]` : reached}:${port}`,
  };
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process has this port',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'permission denied',
};

/** Why an address cannot be had, in the system's words without those of the library around them. */
export function listenReason({ message }: Error): string {
  const code = /\b(?:listen|bind) (E[A-Z]+)\b/.exec(message)?.[1];
  return code === undefined ? message : (reasons[code] ?? code);
}

/** @param flag that the address is of, without its dashes */
export function cannotListen(flag: string, address: string, error: Error): CliError {
  return new CliError(`cannot listen on ${address}: ${listenReason(error)}`, undefined, `Choose another address with --${flag} HOST:PORT.`);
}
