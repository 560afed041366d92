import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';

export interface OriginalDestination {
  address: string;
  port: number;
}

/** `redirect`: the kernel rewrote the destination and is asked for it; `tproxy`: the socket still has it as its own address. */
export type CaptureMode = 'redirect' | 'tproxy';

/** Of linux/in.h, linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h. */
const solIp = 0;
const solIpv6 = 41;
const soOriginalDst = 80;
/** Sizes of sockaddr_in and sockaddr_in6. */
const sizeOfIpv4 = 16;
const sizeOfIpv6 = 28;
/** Linux's numbers for what a machine without conntrack or an address that was not redirected give. */
const enoent = 2;
const enoprotoopt = 92;

/** The part of koffi that is used here; a package that not everybody has. */
interface Koffi {
  load(path: string | null): { func(prototype: string): (...args: unknown[]) => number };
  errno(): number;
}

type GetSockOpt = (fd: number, level: number, option: number, value: Buffer, size: Uint32Array) => number;

/**
 * Makes the function that tells where the client of a redirected connection meant to connect (SEL-R40); it returns undefined for
 * connections that were not redirected.
 *
 * @throws Error with what to do, where this machine cannot tell
 */
export function originalDestinationReader(mode: CaptureMode): (socket: Socket) => OriginalDestination | undefined {
  if (mode === 'tproxy') return ofTheSocket;
  if (process.platform !== 'linux') throw new Error('captured connections need Linux: only it redirects connections with iptables');
  const { getsockopt, errno } = loadGetsockopt();
  const value = Buffer.alloc(sizeOfIpv6);
  const size = new Uint32Array(1);
  const ask = (fd: number, level: number, length: number): OriginalDestination | undefined => {
    size[0] = length;
    if (getsockopt(fd, level, soOriginalDst, value, size) === 0) return addressOf(value);
    const error = errno();
    if (error === enoent || error === enoprotoopt) return undefined;
    throw new Error(`getsockopt(SO_ORIGINAL_DST): error ${error} of the system`);
  };
  return (socket) => {
    const fd = descriptorOf(socket);
    if (fd === undefined) return undefined;
    // A socket for both families takes IPv4 connections under mapped addresses, and their rules are those of IPv4.
    const v4 = socket.localAddress === undefined || !socket.localAddress.includes(':') || socket.localAddress.startsWith('::ffff:');
    const found = v4 ? ask(fd, solIp, sizeOfIpv4) : ask(fd, solIpv6, sizeOfIpv6);
    return found && isOwn(found, socket) ? undefined : found;
  };
}

/** The connection was made to this socket itself. */
function isOwn({ address, port }: OriginalDestination, socket: Socket): boolean {
  return port === socket.localPort && address === plain(socket.localAddress ?? '');
}

function ofTheSocket(socket: Socket): OriginalDestination | undefined {
  if (socket.localAddress === undefined || socket.localPort === undefined) return undefined;
  return { address: plain(socket.localAddress), port: socket.localPort };
}

const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);

/** Node has no call that takes a socket option; the descriptor is on its handle. */
function descriptorOf(socket: Socket): number | undefined {
  const handle = (socket as unknown as { _handle?: { fd?: number } })._handle;
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
}

/** A sockaddr: family (in the machine's order), port and address (in the network's). */
export function addressOf(sockaddr: Buffer): OriginalDestination | undefined {
  const family = endianness() === 'LE' ? sockaddr.readUInt16LE(0) : sockaddr.readUInt16BE(0);
  const port = sockaddr.readUInt16BE(2);
  if (family === 2) return { address: sockaddr.subarray(4, 8).join('.'), port };
  if (family !== 10) return undefined;
  const words: string[] = [];
  for (let i = 8; i < 24; i += 2) words.push(sockaddr.readUInt16BE(i).toString(16));
  // As Node writes addresses: the longest run of zeros is left out.
  return { address: new URL(`http://[${words.join(':')}]/`).hostname.slice(1, -1), port };
}

function loadGetsockopt(): { getsockopt: GetSockOpt; errno: () => number } {
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
  } catch (cause) {
    throw new Error('capture needs the optional package koffi, which is not installed here: npm install koffi@3, or run without capture', { cause });
  }
  try {
    const getsockopt = koffi.load(null).func('int getsockopt(int fd, int level, int option, _Out_ uint8_t *value, _Inout_ uint32_t *size)');
    return { getsockopt: getsockopt as unknown as GetSockOpt, errno: () => koffi.errno() };
  } catch (cause) {
    throw new Error(`capture needs getsockopt of the C library: ${(cause as Error).message}`, { cause });
  }
}
