import type { Destination, VirtualService } from '../manifest/istio/networking.gen.ts';
import type { Path } from '../manifest/problem.ts';

/** Where a virtual service sends requests, or copies of them. */
export interface RouteTarget {
  destination: Destination;
  /** Of the destination, from the root of the document. */
  path: Path;
  mirror: boolean;
  rule: 'tcp' | 'tls' | 'http';
}

/** All destinations of a virtual service in the order tcp, tls, http, mirrors. A missing destination is an empty one. */
export function targetsOf(service: VirtualService): RouteTarget[] {
  const out: RouteTarget[] = [];
  for (const rule of ['tcp', 'tls', 'http'] as const) {
    for (const [i, route] of (service[rule] ?? []).entries()) {
      for (const [j, to] of (route?.route ?? []).entries()) {
        out.push({ destination: to?.destination ?? {}, path: ['spec', rule, i, 'route', j, 'destination'], mirror: false, rule });
      }
    }
  }
  for (const [i, route] of (service.http ?? []).entries()) {
    if (route?.mirror) out.push({ destination: route.mirror, path: ['spec', 'http', i, 'mirror'], mirror: true, rule: 'http' });
    for (const [j, to] of (route?.mirrors ?? []).entries()) {
      out.push({ destination: to?.destination ?? {}, path: ['spec', 'http', i, 'mirrors', j, 'destination'], mirror: true, rule: 'http' });
    }
  }
  return out;
}

/** What happens to traffic for a destination that a proxy has no cluster for. */
export function effectOfMissingCluster({ mirror, rule }: RouteTarget): string {
  if (mirror) return 'the copies of requests are lost';
  return rule === 'http'
    ? 'requests for this destination get 503: the proxy has no such cluster'
    : 'connections for this destination are closed: the proxy has no such cluster';
}
