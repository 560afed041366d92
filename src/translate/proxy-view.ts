// What of a proxy matters for its traffic to others: proxies that nothing in the mesh tells apart have one view, and share what is
// made for it.
import type { Locality, ProxyIdentity } from '../ir/table.ts';
import type { Resource } from '../manifest/resource.ts';
import { Endpoints } from '../model/endpoints.ts';
import { gatewayNameLabel } from '../model/gateway-api.ts';
import type { ServiceSpec } from '../model/kubernetes.ts';
import type { Labels } from '../model/label-index.ts';
import type { Mesh } from '../model/mesh.ts';
import { targetOf } from '../model/service-ports.ts';
import { Services } from '../model/services.ts';
import { items, text } from '../model/untyped.ts';
import { placesThatMatter } from './clusters/places.ts';
import { listenerKind } from './port-protocols.ts';
import { type RoutingService, VirtualServices } from './virtual-services.ts';

export interface ProxyView {
  /** Equal for equal views. */
  key: string;
  role: ProxyIdentity['role'];
  namespace: string;
  /** Of the pod; empty but for gateways, where a port of a Service in front of them has a name. */
  name: string;
  /** Those that something selects by, or that labels of endpoints are compared with. */
  labels: Labels;
  /** It has labels, with those of its place, whether they are in `labels` or not. */
  labelled: boolean;
  locality: Locality;
  /** The node that it runs on; empty where it is not known. */
  node: string;
  /** Its first address, where a service has a listener for each of its pods. */
  address: string;
  /** Of its addresses; IPv4 where it has both. */
  family: 'ipv4' | 'ipv6';
}

const nowhere: Locality = { region: '', zone: '', subzone: '' };

/** The view with nothing in it that the mesh does not look at. */
export function viewOf(mesh: Mesh, proxy: ProxyIdentity): ProxyView {
  const { role, namespace } = proxy;
  const whole = wholeView(mesh, proxy);
  const places = placesThatMatter(mesh);
  const gateway = role === 'gateway' ? gatewayServices(mesh, namespace) : undefined;
  const selecting = [labelsOfMatches(mesh), labelsOfSelectors(mesh).get(namespace), gateway?.labels, gateway && labelsOfGateways(mesh)];
  const matters = ([name, value]: [string, string]): boolean =>
    places.labels.has(name) || (gateway && name === gatewayNameLabel) || selecting.some((pairs) => pairs?.has(`${name}=${value}`));
  const labels = Object.entries(proxy.labels)
    .filter(matters)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return withKey({
    ...whole,
    name: gateway?.named ? proxy.name : '',
    labels: Object.fromEntries(labels),
    labelled: places.labels.size > 0 && whole.labelled,
    locality: places.localities ? proxy.locality : nowhere,
    node: places.nodes ? whole.node : '',
    address: role === 'sidecar' && headlessAddresses(mesh).has(whole.address) ? whole.address : '',
  });
}

/** The view with all that is known of the proxy. */
export function wholeView(mesh: Mesh, { role, namespace, name, labels, locality, addresses }: ProxyIdentity): ProxyView {
  const node = text(mesh.find('Pod', namespace, name)?.spec.nodeName);
  return withKey({
    role,
    namespace,
    name,
    labels,
    labelled: Object.keys(labels).length > 0 || node !== '' || Object.values(locality).some((part) => part !== ''),
    locality,
    node,
    address: addresses[0] ?? '',
    family: addresses.length > 0 && addresses.every((address) => address.includes(':')) ? 'ipv6' : 'ipv4',
  });
}

function withKey(view: Omit<ProxyView, 'key'>): ProxyView {
  const { role, namespace, name, labels, labelled, locality, node, address, family } = view;
  return { ...view, key: JSON.stringify([role, namespace, name, labels, labelled, locality.region, locality.zone, locality.subzone, node, address, family]) };
}

/** Labels as `name=value`. */
type Pairs = ReadonlySet<string>;

function pairsOf(selector: Labels | undefined): string[] {
  return Object.entries(selector ?? {}).map(([name, value]) => `${name}=${value}`);
}

const none: readonly string[] = [];
const matches = new WeakMap<RoutingService, readonly string[]>();

/** Those that `sourceLabels` of matches ask for. */
function labelsOfMatches(mesh: Mesh): Pairs {
  return mesh.memo<Pairs>('labels of matches', ['VirtualService', 'MeshConfig'], () => new Set(VirtualServices.of(mesh).all.flatMap(labelsOfService)));
}

function labelsOfService(service: RoutingService): readonly string[] {
  let found = matches.get(service);
  if (!found) {
    const rules = [...service.http, ...service.tls, ...service.tcp].flatMap(({ route }) => route.match ?? []);
    const pairs = rules.flatMap((match) => pairsOf(match?.sourceLabels));
    found = pairs.length > 0 ? pairs : none;
    matches.set(service, found);
  }
  return found;
}

/** Those that Sidecars and destination rules of a namespace select by. */
function labelsOfSelectors(mesh: Mesh): ReadonlyMap<string, Pairs> {
  return mesh.memo('labels of selectors', ['Sidecar', 'DestinationRule'], () => {
    const found = new Map<string, Set<string>>();
    const add = (namespace: string, selector: Labels | undefined): void => {
      for (const pair of pairsOf(selector)) found.set(namespace, (found.get(namespace) ?? new Set()).add(pair));
    };
    for (const { namespace, spec } of mesh.list('Sidecar')) add(namespace, spec.workloadSelector?.labels);
    for (const { namespace, spec } of mesh.list('DestinationRule')) add(namespace, spec.workloadSelector?.matchLabels);
    return found;
  });
}

function labelsOfGateways(mesh: Mesh): Pairs {
  return mesh.memo('labels of gateways', ['Gateway'], () => new Set(mesh.list('Gateway').flatMap(({ spec }) => pairsOf(spec.selector))));
}

interface GatewayServices {
  /** That they select by. */
  labels: Pairs;
  /** The number of a port depends on the pod. */
  named: boolean;
}

const ofServices = new WeakMap<readonly Resource<ServiceSpec>[], GatewayServices>();

/** Services that can be in front of the gateways of a namespace. */
function gatewayServices(mesh: Mesh, namespace: string): GatewayServices {
  const services = mesh.listIn('Service', namespace);
  let found = ofServices.get(services);
  if (!found) {
    found = {
      labels: new Set(services.flatMap(({ spec }) => pairsOf(spec.selector))),
      named: services.some(({ spec }) => spec.selector && items(spec.ports).some((port) => typeof targetOf(port) === 'string')),
    };
    ofServices.set(services, found);
  }
  return found;
}

/** Addresses that services without one of their own have listeners for: a proxy has none for itself (SEL-R43). */
function headlessAddresses(mesh: Mesh): Pairs {
  return mesh.memo<Pairs>('addresses of headless services', ['Service', 'ServiceEntry', 'MeshConfig'], () => {
    const endpoints = Endpoints.of(mesh);
    const headless = Services.of(mesh).all.filter(({ addresses, resolution }) => addresses.length === 0 && resolution === 'none');
    return new Set(
      headless.flatMap((service) =>
        service.ports.flatMap((port) => (listenerKind(port.protocol) === 'http' ? [] : endpoints.at(service, port).map(({ address }) => address))),
      ),
    );
  });
}
