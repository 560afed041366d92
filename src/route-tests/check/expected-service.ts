// A service as an expectation names it, beside one that requests go to.
import type { TableHosts } from '../../simulate/hosts.ts';
import { completeHost } from '../../translate/complete-names.ts';
import { shortHost } from './text.ts';

/** What the names of an expectation mean to one client. */
export interface Naming {
  hosts: TableHosts;
  namespace: string;
  /** Names that were looked up. */
  known: Map<string, string>;
}

export interface ExpectedService {
  host: string;
  subset?: string;
  port?: number;
}

/** `cart:8080/v1` */
export function parseService(text: string): ExpectedService {
  const [, host = '', port, subset] = /^([^\s/:]+)(?::(\d+))?(?:\/([^\s/]+))?$/.exec(text) ?? [];
  return { host, ...(port === undefined ? {} : { port: Number(port) }), ...(subset === undefined ? {} : { subset }) };
}

/** Full name of a host that an expectation names: of the service that the client knows by it, else as if there were one. */
export function fullHost(host: string, { hosts, namespace, known }: Naming): string {
  let full = known.get(host);
  if (full === undefined) {
    full = hosts.serviceOf(host) ?? completeHost(namespace, host);
    known.set(host, full);
  }
  return full;
}

/** Whether requests to one of these go where the expectation says; what it does not name may be anything. */
export function isExpected(expected: ExpectedService, got: Required<ExpectedService>, naming: Naming): boolean {
  return (
    got.host === fullHost(expected.host, naming) &&
    (expected.subset === undefined || expected.subset === got.subset) &&
    (expected.port === undefined || expected.port === got.port)
  );
}

/** How much an expectation names: of two that are right, the one that names more counts. */
export function precision({ subset, port }: ExpectedService): number {
  return (subset === undefined ? 0 : 2) + (port === undefined ? 0 : 1);
}

/** `cart.shop:8080/v1` */
export function serviceText({ host, port, subset }: ExpectedService): string {
  return `${shortHost(host)}${port === undefined ? '' : `:${port}`}${subset === undefined || subset === '' ? '' : `/${subset}`}`;
}
