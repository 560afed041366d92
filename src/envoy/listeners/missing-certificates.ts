import { blackHoleCluster } from '../../ir/cluster.ts';
import type { FilterChain } from '../../ir/listener.ts';
import type { EnvoyOptions } from '../options.ts';
import { hasCertificates } from './tls.ts';

/**
 * Chains as they can be served. Connections of one that would end TLS with certificates that are not to be had are closed: no chain of
 * other ports, names or protocols takes what is kept for it.
 */
export function withCertificates(chains: readonly FilterChain[], options: EnvoyOptions): FilterChain[] {
  return chains.map((chain) => (chain.tls === undefined || hasCertificates(chain.tls, options) ? chain : closed(chain)));
}

function closed({ name, match }: FilterChain): FilterChain {
  return { name, match, filter: { kind: 'tcp', clusters: [{ cluster: blackHoleCluster, weight: 1 }], statPrefix: blackHoleCluster, hashSourceIp: false } };
}
