// Without capture the application's requests come to one port, and the Host header alone says where they are for.
import { catchAll } from './catch-all.ts';
import { passthroughCluster } from './cluster.ts';
import type { HttpFilter, Listener } from './listener.ts';
import type { VirtualHost } from './route.ts';

/** Name of the listener, of its filter chain and of what it takes as a route configuration. */
export const byHostHeader = 'outbound';

/** The listener for all that the application sends. */
export function outboundListener(bind: string, port: number): Listener {
  const filter: HttpFilter = {
    kind: 'http',
    routes: byHostHeader,
    serverName: 'envoy',
    useRemoteAddress: false,
    trustedHops: 0,
    forwardClientCert: 'sanitize',
    http10: false,
    preserveHeaderCase: false,
    streamIdleTimeoutMs: 0,
    maxRequestHeadersKb: 60,
  };
  return {
    name: byHostHeader,
    direction: 'outbound',
    address: bind,
    port,
    bind: true,
    chains: [{ name: byHostHeader, match: {}, filter }],
    inspectHttp: false,
    inspectTls: false,
    detectionTimeoutMs: 0,
  };
}

/** Takes the requests of a proxy that has no route configuration of a port which would: as captured connections that no service takes (SEL-R45). */
export function restOf(listeners: readonly Listener[]): VirtualHost {
  const filter = listeners.find(({ name }) => name === 'virtualOutbound')?.chains.at(-1)?.filter;
  const cluster = (filter?.kind === 'tcp' ? filter.clusters[0]?.cluster : undefined) ?? passthroughCluster;
  return catchAll(cluster, true);
}

/** As clients of a namespace may say a host (SEL-R52). */
export function clientNames(host: string, namespace: string): string[] {
  const match = /^([^.]+)\.([^.]+)\.svc\.cluster\.local$/.exec(host);
  if (!match) return [host];
  const [, name = '', own = ''] = match;
  return [host, `${host}.`, `${name}.${own}`, `${name}.${own}.svc`, ...(own === namespace ? [name] : [])];
}
