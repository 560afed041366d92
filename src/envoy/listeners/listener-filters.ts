// What looks at a connection before its filter chain is chosen (MAP-R11, MAP-R65).
import type { FilterChain, Listener } from '../../ir/listener.ts';
import type { JsonObject } from '../json.ts';

/** Name of the listener that captured connections to the workload come to, whatever their port. */
const takesEveryPort = 'virtualInbound';

/** By this mark of packets the capture knows connections that keep the client's address. */
const transparentMark = 1337;

/** How much of a ClientHello is read at first; most are whole then. */
const helloBytes = 512;

/**
 * The order counts: the PROXY header is before all else; the address that the connection was for decides which ports are looked
 * into; TLS is told from plain text before HTTP is looked for.
 *
 * @param chains that are served
 */
export function listenerFilters(listener: Listener, chains: readonly FilterChain[]): JsonObject[] {
  const { name, direction, proxyProtocol, transparent, inspectTls, inspectHttp } = listener;
  const everyPort = name === takesEveryPort;
  const inbound = direction === 'inbound';
  const wanted = {
    tls: inspectTls && (!inbound || chains.some(needsTls)),
    http: inspectHttp && (!inbound || chains.some(needsHttp)),
  };
  const onPorts = (needs: (chain: FilterChain) => boolean): JsonObject => (everyPort ? disabledPorts(chains, needs) : {});
  return [
    ...(proxyProtocol ? [listenerFilter('proxy_protocol', 'ProxyProtocol')] : []),
    ...(everyPort ? [listenerFilter('original_dst', 'OriginalDst')] : []),
    ...(everyPort && transparent ? [listenerFilter('original_src', 'OriginalSrc', { mark: transparentMark })] : []),
    ...(wanted.tls ? [{ ...listenerFilter('tls_inspector', 'TlsInspector', { initial_read_buffer_size: helloBytes }), ...onPorts(needsTls) }] : []),
    ...(wanted.http ? [{ ...listenerFilter('http_inspector', 'HttpInspector'), ...onPorts(needsHttp) }] : []),
  ];
}

function listenerFilter(name: string, type: string, config: JsonObject = {}): JsonObject {
  const typed_config = { '@type': `type.googleapis.com/envoy.extensions.filters.listener.${name}.v3.${type}`, ...config };
  return { name: `envoy.filters.listener.${name}`, typed_config };
}

function needsTls({ match }: FilterChain): boolean {
  return match.transport === 'tls';
}

function needsHttp({ match }: FilterChain): boolean {
  return match.applicationProtocols?.some((protocol) => protocol === 'http/1.1' || protocol === 'h2c') === true;
}

/** Where nothing depends on the first bytes they are not waited for: servers may be the first to speak. */
function disabledPorts(chains: readonly FilterChain[], needs: (chain: FilterChain) => boolean): JsonObject {
  const needing = new Map<number, boolean>();
  for (const chain of chains) {
    const port = chain.match.destinationPort ?? 0;
    needing.set(port, needing.get(port) === true || needs(chain));
  }
  const others = needing.get(0) === true;
  needing.delete(0);
  // All but a few ports are like those that no chain names.
  const exceptions = [...needing].filter(([, inspected]) => inspected !== others).map(([port]) => port);
  if (exceptions.length === 0) return {};
  const match = portsMatch(exceptions.sort((a, b) => a - b));
  return { filter_disabled: others ? match : { not_match: match } };
}

function portsMatch(ports: readonly number[]): JsonObject {
  const rules = ports.map((port): JsonObject => ({ destination_port_range: { start: port, end: port + 1 } }));
  return rules.length === 1 ? (rules[0] as JsonObject) : { or_match: { rules } };
}
