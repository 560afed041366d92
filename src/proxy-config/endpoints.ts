import { type Address, addressText, readAddress } from './address.ts';
import { field, isJson, type Json, message, messages, text } from './json.ts';
import { compareText, type Table } from './table.ts';

/** Every condition that is there holds. */
export interface EndpointFilter {
  address?: string;
  port?: number;
  /** Name of the cluster, in any case. */
  cluster?: string;
  /** `HEALTHY`, `UNHEALTHY`, `UNKNOWN` …, in any case. */
  status?: string;
}

export interface Endpoint {
  address: Address;
  cluster: string;
  /** What the registry says. */
  status: string;
  /** `OK`, `FAILED` where the proxy has ejected it, `-` where that is not known. */
  outlierCheck: string;
}

/** Endpoints, and the messages that they are from, each without those that were not selected. */
export interface SelectedEndpoints {
  endpoints: readonly Endpoint[];
  messages: readonly Json[];
}

/**
 * Endpoints as a proxy sees them now: of `/clusters?format=json`.
 *
 * @returns undefined where the document is not that
 */
export function endpointsOfClusters(document: unknown, filter: EndpointFilter): SelectedEndpoints | undefined {
  if (!isJson(document) || !Array.isArray(field(document, 'cluster_statuses'))) return undefined;
  const found: Endpoint[] = [];
  const kept = messages(document, 'cluster_statuses').flatMap((cluster) => {
    const hosts = messages(cluster, 'host_statuses').filter((host) => take(statusOf(host, text(cluster, 'name')), filter, found));
    return hosts.length > 0 ? [{ ...cluster, host_statuses: hosts }] : [];
  });
  return { endpoints: found, messages: kept };
}

/** Endpoints as a proxy was told of them. @param assignments `ClusterLoadAssignment`s */
export function endpointsOfAssignments(assignments: readonly Json[], filter: EndpointFilter): SelectedEndpoints {
  const found: Endpoint[] = [];
  const kept = assignments.flatMap((assignment) => {
    const cluster = text(assignment, 'cluster_name');
    const localities = messages(assignment, 'endpoints').flatMap((locality) => {
      const hosts = messages(locality, 'lb_endpoints').filter((host) => take(configured(host, cluster), filter, found));
      return hosts.length > 0 ? [{ ...locality, lb_endpoints: hosts }] : [];
    });
    return localities.length > 0 ? [{ ...assignment, endpoints: localities }] : [];
  });
  return { endpoints: found, messages: kept };
}

/** By address, port and cluster. */
export function endpointTable(endpoints: readonly Endpoint[]): Table {
  const sorted = [...endpoints].sort(
    (a, b) => compareText(a.address.host, b.address.host) || (a.address.port ?? 0) - (b.address.port ?? 0) || compareText(a.cluster, b.cluster),
  );
  return {
    titles: ['ENDPOINT', 'STATUS', 'OUTLIER CHECK', 'CLUSTER'],
    rows: sorted.map(({ address, status, outlierCheck, cluster }) => [addressText(address), status, outlierCheck, cluster]),
  };
}

function statusOf(host: Json, cluster: string): Endpoint {
  const health = message(host, 'health_status');
  return {
    address: readAddress(message(host, 'address')),
    cluster,
    status: text(health, 'eds_health_status') || 'UNKNOWN',
    outlierCheck: field(health, 'failed_outlier_check') === true ? 'FAILED' : 'OK',
  };
}

/** Without a status it counts as healthy. */
function configured(host: Json, cluster: string): Endpoint {
  return { address: readAddress(message(host, 'endpoint', 'address')), cluster, status: text(host, 'health_status') || 'HEALTHY', outlierCheck: '-' };
}

/** Whether the endpoint is selected; then it is among the found ones. */
function take(endpoint: Endpoint, { address, port, cluster, status }: EndpointFilter, found: Endpoint[]): boolean {
  const is =
    (address === undefined || same(endpoint.address.host, address)) &&
    (port === undefined || endpoint.address.port === port) &&
    (cluster === undefined || same(endpoint.cluster, cluster)) &&
    (status === undefined || same(endpoint.status, status));
  if (is) found.push(endpoint);
  return is;
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
