// What a proxy speaks to the endpoints of a cluster (DR-R70, DR-R71).
import type { Cluster, Endpoint, UpstreamTls } from '../../ir/cluster.ts';

/** Whether TLS is spoken to an endpoint. `meshTls`: this proxy has an identity, or will have one. */
export function speaksTls({ tls }: Pick<Cluster, 'tls'>, endpoint: Pick<Endpoint, 'tlsMode'>, meshTls: boolean): boolean {
  switch (tls.mode) {
    case 'disable':
      return false;
    case 'auto':
      return meshTls && endpoint.tlsMode === 'istio';
    case 'istio-mutual':
      return meshTls;
    default:
      return true;
  }
}

/** The protocols that are offered: by those of the mesh, sidecars know each other and what is inside of the connection (SEC-R3). */
export function offeredProtocols({ mode }: UpstreamTls, inside: 'http1' | 'http2' | 'tcp'): string[] {
  if (mode === 'simple' || mode === 'mutual') return inside === 'tcp' ? [] : [inside === 'http2' ? 'h2' : 'http/1.1'];
  switch (inside) {
    case 'http1':
      return ['istio-http/1.1', 'istio', 'http/1.1'];
    case 'http2':
      return ['istio-h2', 'istio', 'h2'];
    default:
      return ['istio'];
  }
}
