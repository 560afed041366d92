import { type Json, message, number, text } from './json.ts';

export interface Address {
  /** IP address, name, `unix://PATH` or `envoy://LISTENER/ENDPOINT`. */
  host: string;
  /** Undefined where the address has none. */
  port: number | undefined;
}

/** @param from `core.v3.Address` */
export function readAddress(from: Json): Address {
  const socket = message(from, 'socket_address');
  const host = text(socket, 'address');
  if (host !== '') return { host, port: number(socket, 'port_value') ?? 0 };
  const path = text(message(from, 'pipe'), 'path');
  if (path !== '') return { host: `unix://${path}`, port: undefined };
  const internal = message(from, 'envoy_internal_address');
  const listener = text(internal, 'server_listener_name');
  return { host: listener === '' ? 'unknown' : `envoy://${listener}/${text(internal, 'endpoint_id')}`, port: undefined };
}

/** `10.0.0.1:80`, `[fd00::1]:80`, or without a port. */
export function addressText({ host, port }: Address): string {
  if (port === undefined) return host;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
