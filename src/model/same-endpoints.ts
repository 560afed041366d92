// Endpoints that say the same as those of a mesh before.
import type { ServiceEndpoint } from './endpoints.ts';
import { keepList, sameItems } from './same.ts';
import type { EndpointWorkload } from './workload-endpoints.ts';

/** The next list with the endpoints of the former one that are as they were; the former list where all are. */
export function keepEndpoints(former: readonly ServiceEndpoint[], next: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  const known = new Map(former.map((endpoint) => [`${endpoint.address} ${endpoint.port}`, endpoint]));
  const kept = next.map((endpoint) => {
    const before = known.get(`${endpoint.address} ${endpoint.port}`);
    return before && isSameEndpoint(before, endpoint) ? before : endpoint;
  });
  return keepList(former, kept);
}

function isSameEndpoint(a: ServiceEndpoint, b: ServiceEndpoint): boolean {
  return a.weight === b.weight && a.resource === b.resource && sameItems(a.path, b.path) && isSameWorkload(a.workload, b.workload);
}

function isSameWorkload(a: EndpointWorkload, b: EndpointWorkload): boolean {
  if (a === b) return true;
  const { labels, ...rest } = a;
  return (
    (Object.keys(rest) as (keyof typeof rest)[]).every((name) => a[name] === b[name]) &&
    sameItems(Object.entries(labels).flat(), Object.entries(b.labels).flat())
  );
}
