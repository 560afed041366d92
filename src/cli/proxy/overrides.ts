import type { RoutingTable } from '../../ir/table.ts';
import { knownNames } from '../../manifest/known-names.ts';
import type { EndpointOverride } from '../../model/endpoint-overrides.ts';
import { toFqdn } from '../../model/hosts.ts';
import type { Mesh } from '../../model/mesh.ts';
import { CliError } from '../exit.ts';

/**
 * Each `--map` has to mean something: what is mapped to nothing gets no request, and nobody would be told.
 *
 * @throws CliError for a service, port or subset that the proxy does not know
 */
export function checkOverrides(overrides: readonly EndpointOverride[], mesh: Mesh, { proxy, clusters }: RoutingTable): void {
  for (const { host, port, subset } of overrides) {
    const names = new Set([
      toFqdn(proxy.namespace, host),
      host,
      ...(/^[^.]+\.[^.]+(\.svc)?$/.test(host) ? [`${host.replace(/\.svc$/, '')}.svc.cluster.local`] : []),
    ]);
    const ofHost = clusters.filter((cluster) => cluster.direction === 'outbound' && names.has(cluster.host));
    if (ofHost.length === 0) throw unknownService(host, proxy.namespace, mesh);
    const ofPort = ofHost.filter((cluster) => port === undefined || cluster.port === port);
    if (ofPort.length === 0)
      throw unknown(
        `service ${host} has no port ${port}`,
        String(port),
        ofHost.map((cluster) => String(cluster.port)),
      );
    if (subset === undefined || ofPort.some((cluster) => cluster.subset === subset)) continue;
    const subsets = ofPort.flatMap((cluster) => (cluster.subset === '' ? [] : [cluster.subset]));
    if (subsets.length > 0) throw unknown(`service ${host} has no subset ${subset}`, subset, subsets);
    throw new CliError(`--map: service ${host} has no subset ${subset}`, undefined, 'No DestinationRule gives it any.');
  }
}

function unknown(text: string, wanted: string, known: readonly string[]): CliError {
  return new CliError(`--map: ${text}`, undefined, knownNames(wanted, known, 'It has'));
}

function unknownService(host: string, namespace: string, mesh: Mesh): CliError {
  const own = `.${namespace}.svc.cluster.local`;
  const known = [...mesh.hosts.all()].map((entry) => (entry.host.endsWith(own) ? entry.host.slice(0, -own.length) : entry.host));
  return new CliError(`--map: the manifests have no service ${host}`, undefined, known.length > 0 ? knownNames(host, known) : 'They have none at all.');
}
