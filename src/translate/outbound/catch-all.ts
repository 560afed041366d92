import { blackHoleCluster, outboundClusterName, passthroughCluster } from '../../ir/cluster.ts';
import type { FilterChain } from '../../ir/listener.ts';
import type { ProxyScope } from '../proxy-scope.ts';

/** Where traffic goes that no service takes: on to its destination, to an egress proxy, or nowhere (SEL-R45, SEL-R76). */
export function outboundCluster({ outboundMode, egressProxy }: ProxyScope): string {
  if (outboundMode !== 'ALLOW_ANY') return blackHoleCluster;
  if (!egressProxy?.host) return passthroughCluster;
  return outboundClusterName(egressProxy.port?.number ?? 0, egressProxy.subset ?? '', egressProxy.host.toLowerCase());
}

/** Takes what no chain of a listener takes (SEL-R44). */
export function fallThroughChain(scope: ProxyScope): FilterChain {
  return tcpChain('PassthroughFilterChain', outboundCluster(scope));
}

/** A chain that sends everything to one cluster. */
export function tcpChain(name: string, cluster: string): FilterChain {
  return { name, match: {}, filter: { kind: 'tcp', clusters: [{ cluster, weight: 1 }], statPrefix: cluster, hashSourceIp: false } };
}
