// Small meshes for the tests of this folder.
import { meshOf, type TestOptions } from '../../analysis/testing.ts';
import type { Cluster } from '../../ir/cluster.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { EndpointOverride } from '../../model/endpoint-overrides.ts';
import { Endpoints } from '../../model/endpoints.ts';
import type { Mesh } from '../../model/mesh.ts';
import { type MeshService, Services } from '../../model/services.ts';
import { byName } from '../by-name.ts';
import { wholeView } from '../proxy-view.ts';
import { clusterContext, clustersOf as clustersOfService, fixedClusters } from './clusters.ts';
import { effectiveRule } from './effective-rule.ts';

export const cartHost = 'cart.shop.svc.cluster.local';

/** `r1/z1/s1` */
export function proxyIn(namespace: string, more: Partial<Omit<ProxyIdentity, 'locality'>> & { locality?: string } = {}): ProxyIdentity {
  const { locality = '', ...rest } = more;
  const [region = '', zone = '', subzone = ''] = locality.split('/');
  return { role: 'sidecar', namespace, name: '', labels: {}, serviceAccount: '', addresses: [], ...rest, locality: { region, zone, subzone } };
}

export function object(kind: string, name: string, namespace: string, spec: string, meta = ''): string {
  const apiVersion = kind === 'Service' || kind === 'Pod' ? 'v1' : kind === 'PeerAuthentication' ? 'security.istio.io/v1' : 'networking.istio.io/v1';
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}${meta === '' ? '' : `, ${meta}`}}\nspec: {${spec}}\n`;
}

/** Service `cart` of namespace `shop` with HTTP at 80 and TCP at 90. */
export const cart = object('Service', 'cart', 'shop', 'selector: {app: cart}, ports: [{name: http, port: 80}, {name: tcp, port: 90}]');

export function rule(spec: string, name = 'cart', namespace = 'shop', meta = ''): string {
  return object('DestinationRule', name, namespace, spec, meta);
}

/** Endpoints with a version and a place each: `v1 r1/z1`. */
export function pods(...list: string[]): string {
  return list
    .map((item, i) => {
      const [version = '', place = ''] = item.split(' ');
      const labels = `app: cart, version: ${version}${place === '' ? '' : `, istio-locality: ${place.replaceAll('/', '.')}`}`;
      return `${object('Pod', `p${i}`, 'shop', 'containers: []', `labels: {${labels}}`)}status: {podIP: 10.1.0.${i + 1}}\n`;
    })
    .join('---\n');
}

export function meshWith(documents: readonly string[], options?: TestOptions): Mesh {
  return meshOf(documents.join('---\n'), options);
}

export interface ClusterOptions {
  overrides?: readonly EndpointOverride[];
}

/** The outbound clusters of a proxy for some services, by name. */
export function clustersFor(mesh: Mesh, proxy: ProxyIdentity, services: readonly MeshService[], { overrides = [] }: ClusterOptions = {}): Cluster[] {
  const context = clusterContext(mesh, wholeView(mesh, proxy), overrides);
  const endpoints = Endpoints.of(mesh);
  const ofServices = services.flatMap((service) =>
    clustersOfService(
      context,
      service,
      effectiveRule(mesh, proxy, service),
      service.ports.map((port) => endpoints.at(service, port)),
    ),
  );
  return [...fixedClusters(context), ...ofServices].sort(byName);
}

/** Clusters by name without their host: `80`, `80 v1`, `BlackHoleCluster`. */
export function clustersOf(documents: readonly string[], proxy = proxyIn('shop'), options: TestOptions & ClusterOptions = {}): Record<string, Cluster> {
  const mesh = meshWith(documents, options);
  const made = clustersFor(mesh, proxy, Services.of(mesh).visibleTo(proxy.namespace), options);
  return Object.fromEntries(
    made.map((cluster) => [cluster.host === '' ? cluster.name : `${cluster.port}${cluster.subset === '' ? '' : ` ${cluster.subset}`}`, cluster]),
  );
}

/** Addresses by locality and priority: `r1/z1 0: 10.1.0.1 10.1.0.2`. */
export function placesOf(cluster: Cluster | undefined): string[] {
  return (cluster?.localities ?? []).map(({ locality: { region, zone, subzone }, priority, endpoints }) => {
    const place = [region, zone, subzone].join('/').replace(/\/+$/, '');
    return `${place} ${priority}: ${endpoints.map(({ address }) => address).join(' ')}`.trim();
  });
}
