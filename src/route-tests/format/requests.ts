import type { SimulatedHttpRequest } from '../../simulate/request.ts';
import type { WrittenRequest } from './test-format.ts';

/** More requests than this in one test are a mistake. */
export const mostRequests = 100_000;

/** How many requests a test has. */
export function countOf({ host, method, path, headers, scheme, port }: WrittenRequest): number {
  return [host, method, path, headers, scheme, port].reduce((product, list) => product * (list?.length ?? 1), 1);
}

/** Every combination of what is written: the last list varies fastest, in the order host, port, scheme, method, path, headers. */
export function requestsOf({
  host,
  port = [],
  scheme = ['http'],
  method = ['GET'],
  path = ['/'],
  headers = [[]],
  claims,
}: WrittenRequest): SimulatedHttpRequest[] {
  const ports = port.length > 0 ? port : [undefined];
  const rest = claims === undefined ? undefined : { claims: Object.fromEntries(claims) };
  const out: SimulatedHttpRequest[] = [];
  for (const authority of host)
    for (const onePort of ports)
      for (const oneScheme of scheme)
        for (const oneMethod of method)
          for (const onePath of path)
            for (const oneHeaders of headers) {
              const base = { method: oneMethod, scheme: oneScheme, authority, path: onePath, headers: oneHeaders, port: onePort };
              out.push(rest ? { ...base, ...rest } : base);
            }
  return out;
}
