import type { AdminServer } from '../../proxy/admin/http-server.ts';
import { CliError } from '../exit.ts';

export interface WantedServer {
  server: AdminServer;
  address: string;
  /** 0: none. */
  port: number;
  /** What to do where it cannot be had. */
  help: string;
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process has this port',
  EADDRNOTAVAIL: 'this machine does not have this address',
  EACCES: 'this port needs more rights (ports below 1024 do)',
};

/**
 * Opens all of them, or none.
 *
 * @throws CliError for the first that cannot be had
 */
export async function openServers(wanted: readonly WantedServer[]): Promise<{ close(): void }> {
  const opened: AdminServer[] = [];
  const close = (): void => {
    for (const server of opened) void server.close();
  };
  for (const { server, address, port, help } of wanted) {
    if (port === 0) continue;
    try {
      await server.listen(port, address);
      opened.push(server);
    } catch (error) {
      close();
      const { code = '', message } = error as NodeJS.ErrnoException;
      throw new CliError(`cannot listen on ${address.includes(':') ? `[${address}]` : address}:${port}: ${reasons[code] ?? message}`, undefined, help);
    }
  }
  return { close };
}
