// Which connections to a port of the workload are taken, by what the peer policies ask for (SEC-R3).
import type { DownstreamTls, FilterChainMatch } from '../../ir/listener.ts';
import type { MtlsMode } from '../../model/peer-authentication.ts';
import type { ListenerKind } from '../port-protocols.ts';

/** One chain of a port. */
export interface ChainKind {
  filter: 'http' | 'tcp';
  match: Pick<FilterChainMatch, 'transport' | 'applicationProtocols'>;
  tls?: DownstreamTls;
}

const plainHttp = ['http/1.1', 'h2c'] as const;
/** What sidecars offer in TLS: with HTTP inside, and with anything inside. */
const meshHttp = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'] as const;
const meshTcp = ['istio-peer-exchange', 'istio'] as const;

const httpTls: DownstreamTls = { mode: 'ISTIO_MUTUAL', alpn: ['h2', 'http/1.1'] };
const tcpTls: DownstreamTls = { mode: 'ISTIO_MUTUAL', alpn: ['istio-peer-exchange', 'h2', 'http/1.1'] };

function mutual(filter: ChainKind['filter'], applicationProtocols?: readonly string[]): ChainKind {
  return { filter, match: { transport: 'tls', ...(applicationProtocols ? { applicationProtocols } : {}) }, tls: filter === 'http' ? httpTls : tcpTls };
}

function raw(filter: ChainKind['filter'], applicationProtocols?: readonly string[]): ChainKind {
  return { filter, match: { transport: 'raw_buffer', ...(applicationProtocols ? { applicationProtocols } : {}) } };
}

/** TLS of the workload itself. */
const passedOn: ChainKind = { filter: 'tcp', match: { transport: 'tls' } };

const kinds: Readonly<Record<MtlsMode, Readonly<Record<ListenerKind, readonly ChainKind[]>>>> = {
  STRICT: {
    http: [mutual('http')],
    tcp: [mutual('tcp')],
    auto: [mutual('http', meshHttp), mutual('tcp')],
  },
  PERMISSIVE: {
    http: [mutual('http', [...meshTcp, ...meshHttp]), raw('http')],
    tcp: [mutual('tcp', [...meshTcp, ...meshHttp]), passedOn, raw('tcp')],
    auto: [mutual('http', meshHttp), raw('http', plainHttp), mutual('tcp', meshTcp), raw('tcp'), passedOn],
  },
  DISABLE: {
    http: [raw('http')],
    tcp: [raw('tcp')],
    auto: [raw('http', plainHttp), raw('tcp')],
  },
};

export function chainKinds(mode: MtlsMode, kind: ListenerKind): readonly ChainKind[] {
  return kinds[mode][kind];
}
