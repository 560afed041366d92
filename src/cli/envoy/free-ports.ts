import { createServer } from 'node:net';
import type { Listener } from '../../ir/listener.ts';
import { CliError } from '../exit.ts';
import type { ProxyPorts } from '../proxy/settings.ts';

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process has this port',
  EACCES: 'this port needs more rights (ports below 1024 do)',
  EADDRNOTAVAIL: 'this machine does not have this address',
};

interface Wanted {
  address: string;
  port: number;
  help: string;
}

/**
 * Envoy would share a port with another Envoy, or go on without a port that somebody else has: so they are tried before.
 *
 * @throws CliError for the first that cannot be had
 */
export async function checkFree(listeners: readonly Listener[], ports: Pick<ProxyPorts, 'admin' | 'outbound' | 'inbound'>): Promise<void> {
  const wanted: Wanted[] = listeners
    .filter(({ bind, port }) => bind && port > 0)
    .flatMap(({ address, moreAddresses = [], port }) => [address, ...moreAddresses].map((own) => ({ address: own, port, help: helpFor(port, ports) })));
  if (ports.admin > 0) wanted.push({ address: '127.0.0.1', port: ports.admin, help: 'Choose another port with --admin-port, or 0 for none.' });
  for (const { address, port, help } of wanted) {
    const error = await whyNot(address, port);
    if (error) throw new CliError(`cannot listen on ${address}:${port}: ${reasons[error.code ?? ''] ?? error.message}`, undefined, help);
  }
}

function helpFor(port: number, { outbound, inbound }: Pick<ProxyPorts, 'outbound' | 'inbound'>): string {
  if (port === outbound) return 'Choose another port with --outbound-port, or another address with --bind.';
  if (port === inbound) return 'Choose another port with --inbound-port.';
  return 'The port is that of a Gateway or Sidecar in the manifests.';
}

function whyNot(address: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.resetAndDestroy());
    server.once('error', resolve);
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
