import { connect, isIPv6, type NetConnectOpts, type Socket } from 'node:net';
import type { ConnectionPool } from '../ir/cluster.ts';
import type { Clock, Timer } from './core/clock.ts';
import type { FailureReason } from './stream.ts';
import { handshakeFailure } from './tls/failure.ts';
import type { Secure } from './tls/origination.ts';

export interface ConnectOptions {
  /** IP address, or the path of a Unix socket where `port` is 0. */
  address: string;
  port: number;
  /** The connection is made from this address. */
  localAddress?: string | undefined;
  /** Until the connection can be used, TLS included. */
  timeoutMs: number;
  tcpKeepalive?: ConnectionPool['tcpKeepalive'] | undefined;
  /** Makes TLS of it. */
  secure?: Secure | undefined;
}

/** Why a connection could not be made. */
export interface ConnectFailure {
  reason: Extract<FailureReason, 'remote connection failure' | 'connection timeout'>;
  /** As in `%UPSTREAM_TRANSPORT_FAILURE_REASON%`; empty after a timeout. */
  transport: string;
}

/** A connection that is being made. */
export interface PendingConnect {
  /** Gives it up; nothing is called back. */
  cancel(): void;
}

/** Words of the system for what goes wrong while connecting. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  ECONNABORTED: 'Software caused connection abort',
  EHOSTUNREACH: 'No route to host',
  EHOSTDOWN: 'Host is down',
  ENETUNREACH: 'Network is unreachable',
  ENETDOWN: 'Network is down',
  ETIMEDOUT: 'Connection timed out',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EADDRINUSE: 'Address already in use',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  EINVAL: 'Invalid argument',
  EMFILE: 'Too many open files',
  ENFILE: 'Too many open files in system',
  EPIPE: 'Broken pipe',
};
/** The system says these before it sends anything. */
const immediate: ReadonlySet<string> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EADDRINUSE', 'EACCES', 'EPERM', 'ENOENT', 'EINVAL', 'EMFILE', 'ENFILE']);

/** `delayed_connect_error:_Connection_refused` */
export function transportFailure(error: NodeJS.ErrnoException): string {
  const code = error.code ?? '';
  return `${immediate.has(code) ? 'immediate' : 'delayed'}_connect_error:_${words[code] ?? error.message}`.replaceAll(' ', '_');
}

/**
 * Opens a connection to an endpoint. Exactly one of the two is called, never within this call. The socket that `onOpen` gets has no
 * listeners, is not being read, and stays open when its peer ends its side.
 */
export function connectUpstream(
  options: ConnectOptions,
  clock: Clock,
  onOpen: (socket: Socket) => void,
  onFailure: (failure: ConnectFailure) => void,
): PendingConnect {
  const plain = connect(target(options));
  plain.setNoDelay(true);
  const keepalive = options.tcpKeepalive;
  if (keepalive) plain.setKeepAlive(true, keepalive.timeMs);
  let socket = plain;
  let timer: Timer | undefined;

  const leave = (): void => {
    timer?.cancel();
    socket.off('connect', onConnect);
    socket.off('secureConnect', onReady);
    socket.off('error', onError);
    socket.off('close', onClose);
    socket.off('error', onTlsError);
    socket.off('close', onTlsClose);
  };
  const fail = (failure: ConnectFailure): void => {
    leave();
    socket.on('error', ignore);
    socket.destroy();
    plain.destroy();
    onFailure(failure);
  };
  const onReady = (): void => {
    leave();
    onOpen(socket);
  };
  const onConnect = (): void => {
    if (!options.secure) {
      onReady();
      return;
    }
    socket.off('error', onError);
    socket.off('close', onClose);
    // Errors of what is below come to the TLS socket.
    plain.on('error', ignore);
    try {
      socket = options.secure(plain);
    } catch (error) {
      onTlsError(error as Error);
      return;
    }
    socket.on('secureConnect', onReady);
    socket.on('error', onTlsError);
    socket.on('close', onTlsClose);
  };
  const onTlsError = (error: Error): void => fail({ reason: 'remote connection failure', transport: handshakeFailure(error).reason });
  const onTlsClose = (): void => fail({ reason: 'remote connection failure', transport: '' });
  const onError = (error: NodeJS.ErrnoException): void => fail({ reason: 'remote connection failure', transport: transportFailure(error) });
  const onClose = (): void => fail({ reason: 'remote connection failure', transport: 'delayed_connect_error:_Connection_reset_by_peer' });

  socket.on('connect', onConnect);
  socket.on('error', onError);
  socket.on('close', onClose);
  timer = clock.setTimer(options.timeoutMs, () => fail({ reason: 'connection timeout', transport: '' }));
  return {
    cancel: () => {
      leave();
      socket.on('error', ignore);
      socket.destroy();
      plain.destroy();
    },
  };
}

function target({ address, port, localAddress }: ConnectOptions): NetConnectOpts {
  if (port === 0) return { path: address, allowHalfOpen: true };
  const from = localAddress === undefined ? undefined : sourceFor(address, localAddress);
  return from === undefined ? { host: address, port, allowHalfOpen: true } : { host: address, port, localAddress: from, allowHalfOpen: true };
}

/** Addresses that a workload gets inbound connections from, of each family: its pod may have both. */
const deliverySources: readonly [string, string] = ['127.0.0.6', '::6'];

/** An address to connect from that is of the family of the destination; undefined: the system chooses. */
function sourceFor(address: string, localAddress: string): string | undefined {
  if (isIPv6(address) === isIPv6(localAddress)) return localAddress;
  if (!deliverySources.includes(localAddress)) return undefined;
  return deliverySources[isIPv6(address) ? 1 : 0];
}

function ignore(): void {}
