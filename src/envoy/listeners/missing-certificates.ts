import { blackHoleCluster } from '../../ir/cluster.ts';
import type { FilterChain } from '../../ir/listener.ts';
import type { EnvoyOptions } from '../options.ts';
import { hasCertificates } from './tls.ts';

/**
 * Chains as they can be served. One that would end TLS with certificates that are not to be had is left out where another one takes the
 * same port and names in plain text; else connections of the chain are closed, so that no chain of other ports or names takes what is
 * kept for TLS.
 */
export function withCertificates(chains: readonly FilterChain[], options: EnvoyOptions): FilterChain[] {
  const isServed = ({ tls }: FilterChain): boolean => tls === undefined || hasCertificates(tls, options);
  const served = new Set(chains.filter(isServed).map(placeOf));
  return chains.flatMap((chain) => {
    if (isServed(chain)) return [chain];
    return served.has(placeOf(chain)) ? [] : [closed(chain)];
  });
}

function placeOf({ match: { destinationPort, destinationCidrs, serverNames } }: FilterChain): string {
  return JSON.stringify([destinationPort, destinationCidrs, serverNames]);
}

function closed({ name, match }: FilterChain): FilterChain {
  return { name, match, filter: { kind: 'tcp', clusters: [{ cluster: blackHoleCluster, weight: 1 }], statPrefix: blackHoleCluster, hashSourceIp: false } };
}
