// Which connections of a pod are redirected to its sidecar, and how the arguments of `weft proxy capture` say so: those of the
// reference's init container, so that pods and scripts need no others.
import { isCidr } from '../../manifest/ip.ts';
import { InjectionError } from '../error.ts';
import { listOf } from '../lists.ts';

/** `*` is everything. */
export type Some<T> = '*' | readonly T[];

export interface CaptureOptions {
  /** Ports of the sidecar. */
  outboundPort: number;
  inboundPort: number;
  /** Users and groups that the sidecar runs as: their own connections go where they are meant to. */
  uids: readonly number[];
  gids: readonly number[];
  /** Destinations of what the application sends, as CIDR ranges; what is in none of these and to none of the ports goes out directly. */
  includeOutboundRanges: Some<string>;
  /** Stronger than what includes. */
  excludeOutboundRanges: readonly string[];
  /** Ports that are redirected whatever the address, ranges that are excluded excepted. */
  includeOutboundPorts: Some<number>;
  excludeOutboundPorts: readonly number[];
  /** Ports of the pod. */
  includeInboundPorts: Some<number>;
  excludeInboundPorts: readonly number[];
  /** Interfaces that are left alone. */
  excludeInterfaces: readonly string[];
  /** Interfaces of virtual machines in the pod: what comes from them is outbound. */
  virtualInterfaces: readonly string[];
}

/** As the command line has them; lists are comma-separated. */
export interface CaptureArguments {
  outboundPort: string;
  inboundPort: string;
  uid: string;
  gid: string;
  includeOutboundRanges: string;
  excludeOutboundRanges: string;
  includeOutboundPorts: string;
  excludeOutboundPorts: string;
  includeInboundPorts: string;
  excludeInboundPorts: string;
  excludeInterfaces: string;
  virtualInterfaces: string;
}

/** What is redirected where no argument says otherwise. */
export const defaultArguments: CaptureArguments = {
  outboundPort: '15001',
  inboundPort: '15006',
  uid: '1337',
  gid: '1337',
  includeOutboundRanges: '*',
  excludeOutboundRanges: '',
  includeOutboundPorts: '',
  excludeOutboundPorts: '',
  includeInboundPorts: '*',
  excludeInboundPorts: '15090,15021,15020',
  excludeInterfaces: '',
  virtualInterfaces: '',
};

/** A network interface by its name; one that ends in `+` stands for all that begin so. */
export function isInterfaceName(text: string): boolean {
  return text.length <= 15 && /^[A-Za-z0-9][A-Za-z0-9._@-]*\+?$/.test(text);
}

/** @throws InjectionError that names the argument and its value */
export function captureOptions(args: CaptureArguments): CaptureOptions {
  const port = (flag: keyof CaptureArguments): number => one(flag, parse(flag, args[flag], 'a port from 1 to 65535', portOf));
  const ids = (flag: keyof CaptureArguments): readonly number[] => parse(flag, args[flag], 'the number of a user or group other than 0', idOf);
  const ports = (flag: keyof CaptureArguments): readonly number[] => parse(flag, args[flag], 'a port from 1 to 65535', portOf);
  const ranges = (flag: keyof CaptureArguments): readonly string[] =>
    parse(flag, args[flag], 'a CIDR range such as 10.0.0.0/8', (text) => (isCidr(text) ? text : undefined));
  const interfaces = (flag: keyof CaptureArguments): readonly string[] =>
    parse(flag, args[flag], 'the name of a network interface', (text) => (isInterfaceName(text) ? text : undefined));
  const some = <T>(flag: keyof CaptureArguments, read: (flag: keyof CaptureArguments) => readonly T[]): Some<T> =>
    args[flag].trim() === '*' ? '*' : read(flag);
  return {
    outboundPort: port('outboundPort'),
    inboundPort: port('inboundPort'),
    uids: ids('uid'),
    gids: ids('gid'),
    includeOutboundRanges: some('includeOutboundRanges', ranges),
    excludeOutboundRanges: ranges('excludeOutboundRanges'),
    includeOutboundPorts: some('includeOutboundPorts', ports),
    excludeOutboundPorts: ports('excludeOutboundPorts'),
    includeInboundPorts: some('includeInboundPorts', ports),
    excludeInboundPorts: ports('excludeInboundPorts'),
    excludeInterfaces: interfaces('excludeInterfaces'),
    virtualInterfaces: interfaces('virtualInterfaces'),
  };
}

/** The long flag of an argument: `includeInboundPorts` is `--include-inbound-ports`. */
function flagOf(argument: keyof CaptureArguments): string {
  return `--${argument.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function parse<T>(flag: keyof CaptureArguments, text: string, wanted: string, read: (item: string) => T | undefined): T[] {
  return listOf(text).map((item) => {
    const value = read(item);
    if (value === undefined) throw new InjectionError(`${flagOf(flag)}: "${item}" is not ${wanted}`);
    return value;
  });
}

function one<T>(flag: keyof CaptureArguments, values: readonly T[]): T {
  const [value] = values;
  if (values.length !== 1 || value === undefined) throw new InjectionError(`${flagOf(flag)} takes exactly one port`);
  return value;
}

function portOf(text: string): number | undefined {
  const port = Number(text);
  return /^\d+$/.test(text) && port >= 1 && port <= 65535 ? port : undefined;
}

/** Root is the application's, too. */
function idOf(text: string): number | undefined {
  const id = Number(text);
  return /^\d+$/.test(text) && id >= 1 && id <= 4294967294 ? id : undefined;
}
