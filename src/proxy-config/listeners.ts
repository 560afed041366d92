import { type Address, readAddress } from './address.ts';
import { field, isJson, type Json, message, messages, number, text, texts } from './json.ts';
import { destinationText, filterKind } from './listener-destination.ts';
import { compareText, type Table } from './table.ts';

/** Every condition that is there holds. */
export interface ListenerFilter {
  /** One of the addresses. */
  address?: string;
  port?: number;
  /** `HTTP`, `TCP`, `HTTP+TCP` or `UNKNOWN`, in any case. */
  type?: string;
}

/** Those that match, by port, address and type. */
export function selectListeners(listeners: readonly Json[], { address, port, type }: ListenerFilter): Json[] {
  return listeners
    .map((listener) => ({ listener, addresses: addressesOf(listener), type: listenerType(listener) }))
    .filter(
      (one) =>
        (address === undefined || one.addresses.some(({ host }) => host.toLowerCase() === address.toLowerCase())) &&
        (port === undefined || one.addresses[0]?.port === port) &&
        (type === undefined || one.type === type.toUpperCase()),
    )
    .sort((a, b) => {
      const [one, other] = [a.addresses[0], b.addresses[0]];
      const byPort = (one?.port ?? 0) - (other?.port ?? 0);
      return byPort || compareText(`${one?.host} ${a.type}`, `${other?.host} ${b.type}`);
    })
    .map(({ listener }) => listener);
}

/** @param verbose a row for each filter chain; else for each listener, with what it takes */
export function listenerTable(listeners: readonly Json[], verbose: boolean): Table {
  if (!verbose) return { titles: ['ADDRESSES', 'PORT', 'TYPE'], rows: listeners.map((listener) => [...whereText(listener), listenerType(listener)]) };
  return {
    titles: ['ADDRESSES', 'PORT', 'MATCH', 'DESTINATION'],
    rows: listeners.flatMap((listener) =>
      chainsOf(listener)
        .map((chain) => [...whereText(listener), chainMatchText(message(chain, 'filter_chain_match')), destinationText(chain)])
        .sort((a, b) => {
          const [one = '', other = ''] = [a[3], b[3]];
          return one > other ? -1 : one < other ? 1 : 0;
        }),
    ),
  };
}

function addressesOf(listener: Json): Address[] {
  const more = messages(listener, 'additional_addresses').map((one) => message(one, 'address'));
  return [message(listener, 'address'), ...more].map(readAddress);
}

function whereText(listener: Json): [addresses: string, port: string] {
  const addresses = addressesOf(listener);
  return [addresses.map(({ host }) => host).join(','), String(addresses[0]?.port ?? '-')];
}

/** The one for what no other takes is the last. */
function chainsOf(listener: Json): Json[] {
  const last = field(listener, 'default_filter_chain');
  return [...messages(listener, 'filter_chains'), ...(isJson(last) ? [last] : [])];
}

function listenerType(listener: Json): string {
  const kinds = new Set(chainsOf(listener).flatMap((chain) => messages(chain, 'filters').map(filterKind)));
  const types = [...(kinds.has('http') ? ['HTTP'] : []), ...(kinds.has('tcp') ? ['TCP'] : [])];
  return types.join('+') || 'UNKNOWN';
}

/** Lists of protocols of which each stands for one thing in a mesh. */
const protocols: ReadonlyMap<string, string> = new Map([
  ['http/1.0,http/1.1,h2c', 'App: HTTP'],
  ['istio,istio-http/1.0,istio-http/1.1,istio-h2', 'App: Istio HTTP Plain'],
  ['http/1.0,http/1.1,h2c,istio-http/1.0,istio-http/1.1,istio-h2', 'App: HTTP TLS'],
  ['istio-peer-exchange,istio', 'App: TCP TLS'],
]);

/** Conditions on a connection, or `ALL`. */
function chainMatchText(match: Json): string {
  const names = texts(match, 'server_names');
  const transport = text(match, 'transport_protocol');
  const applications = texts(match, 'application_protocols').join(',');
  const port = number(match, 'destination_port');
  const ranges = messages(match, 'prefix_ranges').map((range) => `${text(range, 'address_prefix')}/${number(range, 'prefix_len') ?? 0}`);
  const conditions = [
    ...(names.length > 0 ? [`SNI: ${names.join(',')}`] : []),
    ...(transport ? [`Trans: ${transport}`] : []),
    ...(applications ? [protocols.get(applications) ?? `App: ${applications}`] : []),
    ...(ranges.length > 0 || port !== undefined ? [`Addr: ${ranges.join(',') || '*'}${port === undefined ? '' : `:${port}`}`] : []),
  ];
  return conditions.join('; ') || 'ALL';
}
