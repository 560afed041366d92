import type { Cluster, UpstreamTls } from '../../ir/cluster.ts';
import { defined, type JsonObject } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import type { NamesOfRequest } from './connection-pool.ts';
import { commonTls } from './tls-context.ts';

/** What the longest name of a server may have in TLS, in bytes. */
const maxSniLength = 255;

/** What is spoken to the endpoints. Without certificates of the mesh, what would be spoken with these is plain text. */
export function effectiveTls({ tls }: Cluster, { meshTls }: EnvoyOptions): UpstreamTls {
  return meshTls === 'none' && (tls.mode === 'auto' || tls.mode === 'istio-mutual') ? { mode: 'disable' } : tls;
}

/** DR-R70: with TLS to the outside, names that are not written are those of the request. */
export function namesOfRequest({ mode, sni, subjectAltNames, verifyRequestName, insecureSkipVerify }: UpstreamTls): NamesOfRequest | undefined {
  if ((mode !== 'simple' && mode !== 'mutual') || sni) return undefined;
  return { sni: true, certificate: !insecureSkipVerify && (verifyRequestName === true || (subjectAltNames ?? []).length === 0) };
}

/** `transport_socket` or `transport_socket_matches` (MAP-R55, MAP-R56, MAP-R59); nothing for plain text. */
export function transportSockets(cluster: Cluster, tls: UpstreamTls, options: EnvoyOptions): JsonObject {
  const { protocol, proxyProtocol } = cluster;
  const wrapped = (socket: JsonObject): JsonObject => (proxyProtocol === undefined ? socket : afterProxyHeader(proxyProtocol, socket));
  switch (tls.mode) {
    case 'disable':
      return proxyProtocol === undefined ? {} : { transport_socket: wrapped(plainText) };
    case 'auto':
      return {
        transport_socket_matches: [
          { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transport_socket: wrapped(tlsSocket(tls, protocol, options)) },
          { name: 'tlsMode-disabled', match: {}, transport_socket: wrapped(plainText) },
        ],
      };
    default:
      return { transport_socket: wrapped(tlsSocket(tls, protocol, options)) };
  }
}

const plainText: JsonObject = {
  name: 'envoy.transport_sockets.raw_buffer',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer' },
};

/** A header that says where the client's connection came from goes before everything else (DR-R73). */
function afterProxyHeader(version: 1 | 2, socket: JsonObject): JsonObject {
  return {
    name: 'envoy.transport_sockets.upstream_proxy_protocol',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport',
      config: { version: `V${version}` },
      transport_socket: socket,
    },
  };
}

function tlsSocket(tls: UpstreamTls, protocol: Cluster['protocol'], options: EnvoyOptions): JsonObject {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: defined({
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      sni: tls.sni && Buffer.byteLength(tls.sni) <= maxSniLength ? tls.sni : undefined,
      common_tls_context: commonTls(tls, protocol, options),
    }),
  };
}
