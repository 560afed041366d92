import { message } from '../message.ts';

/** IST0134 */
export const IST0134 = message<{ hosts: readonly string[]; same?: string }>({
  name: 'ServiceEntryAddressesRequired',
  level: 'Warning',
  summary: 'a TCP port of a service entry without addresses',
  text: ({ hosts }) => `the service entry for ${hosts.length === 0 ? 'no host' : hosts.join(', ')} has a TCP port and no addresses`,
  help: 'add addresses, or set the protocol of the port (HTTP, TLS) by which requests tell their host',
  effect: 'a TCP connection has no host name, so the port matches connections to any address',
});
