import { connect, isIP, type Socket } from 'node:net';

/**
 * What comes from these is not redirected to the sidecar again: it is how the rules of iptables tell connections to the application that
 * the sidecar itself makes.
 */
const ownSources = { 4: '127.0.0.6', 6: '::6' } as const;

/**
 * Connects to the application beside the sidecar, or to another host where one is named.
 *
 * @param pod address of the pod
 * @param signal ends the attempt
 * @throws the system's error
 */
export async function connectToPod({ host = '', port, pod, signal }: { host?: string; port: number; pod: string; signal: AbortSignal }): Promise<Socket> {
  const target = host === '' ? pod : host;
  const localAddress = target === pod || isLoopback(target) ? ownSources[isIP(target) === 6 ? 6 : 4] : undefined;
  try {
    return await connected(target, port, localAddress, signal);
  } catch (error) {
    // Where nothing is redirected, nobody has given the machine this address of IPv6.
    if (localAddress === undefined || (error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL') throw error;
    return connected(target, port, undefined, signal);
  }
}

function connected(host: string, port: number, localAddress: string | undefined, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port, noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) });
    const aborted = (): void => void socket.destroy(signal.reason);
    signal.addEventListener('abort', aborted, { once: true });
    socket.once('error', reject);
    socket.once('close', () => signal.removeEventListener('abort', aborted));
    socket.once('connect', () => {
      socket.off('error', reject);
      // Whoever uses it hears of its end.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
