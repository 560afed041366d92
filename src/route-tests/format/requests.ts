import type { SimulatedHttpRequest } from '../../simulate/request.ts';
import type { WrittenRequest } from './test-format.ts';

/** More requests than this in one test are a mistake. */
export const mostRequests = 100_000;

/** A request as a test has it: what it takes to come from an address is known once its proxy is. */
export interface TestRequest extends SimulatedHttpRequest {
  /** Address of the client as `remoteIpBlocks` have it. */
  remoteIp?: string;
}

/** How many requests a test has. */
export function countOf({ host, method, path, headers, scheme, port, sourceIp, remoteIp }: WrittenRequest): number {
  return [host, method, path, headers, scheme, port, sourceIp, remoteIp].reduce((product, list) => product * (list?.length ?? 1), 1);
}

/** Every combination of what is written: the last list varies fastest, in the order host, port, scheme, method, path, headers, sourceIp, remoteIp. */
export function requestsOf({
  host,
  port = [],
  scheme = ['http'],
  method = ['GET'],
  path = ['/'],
  headers = [[]],
  claims,
  sourceIp = [],
  remoteIp = [],
}: WrittenRequest): TestRequest[] {
  const ports = port.length > 0 ? port : [undefined];
  const ends = addresses(sourceIp, remoteIp, claims === undefined ? {} : { claims: Object.fromEntries(claims) });
  const out: TestRequest[] = [];
  for (const authority of host)
    for (const onePort of ports)
      for (const oneScheme of scheme)
        for (const oneMethod of method)
          for (const onePath of path)
            for (const oneHeaders of headers) {
              const base = { method: oneMethod, scheme: oneScheme, authority, path: onePath, headers: oneHeaders, port: onePort };
              for (const end of ends) out.push(end ? { ...base, ...end } : base);
            }
  return out;
}

/** What few requests have: undefined for nothing of it. */
function addresses(
  sourceIp: readonly string[],
  remoteIp: readonly string[],
  rest: Pick<TestRequest, 'claims'>,
): (Pick<TestRequest, 'client' | 'remoteIp' | 'claims'> | undefined)[] {
  if (sourceIp.length === 0 && remoteIp.length === 0) return [Object.keys(rest).length > 0 ? rest : undefined];
  const sources = sourceIp.length > 0 ? sourceIp.map((client) => ({ client })) : [{}];
  const remotes = remoteIp.length > 0 ? remoteIp.map((one) => ({ remoteIp: one })) : [{}];
  return sources.flatMap((source) => remotes.map((remote) => ({ ...rest, ...source, ...remote })));
}
