import type { RawObject, Resource } from '../manifest/resource.ts';
import type { KindTable } from './kind-table.ts';
import type { Mesh } from './mesh.ts';
import { keepList } from './same.ts';
import { isMap, items, text } from './untyped.ts';

/** An address of an EndpointSlice or Endpoints that takes requests. */
export interface ListedAddress {
  address: string;
  /** Of the service's port; empty: the service has only one. */
  portName: string;
  /** Undefined: that of the service. */
  port: number | undefined;
  node: string;
  /** Name of the pod; empty where it is not said. */
  pod: string;
  resource: Resource;
}

interface Target {
  kind?: unknown;
  name?: unknown;
}

const serviceLabel = 'kubernetes.io/service-name';

/** By name of the service. */
export type AddressLists = ReadonlyMap<string, readonly ListedAddress[]>;

interface OfNamespace {
  slices: readonly Resource[];
  endpoints: readonly Resource[];
  lists: AddressLists;
}

/**
 * The addresses that the cluster lists for each service. Endpoints count for services that no EndpointSlice is for; a service that
 * is not there has no list at all. Lists of services, and of namespaces, are the same objects in the next mesh where nothing changed.
 */
export class ListedAddresses {
  private readonly slices: KindTable;
  private readonly endpoints: KindTable;
  private readonly namespaces = new Map<string, OfNamespace>();

  static of(mesh: Mesh): ListedAddresses {
    return mesh.memo<ListedAddresses>(
      'addresses of services',
      ['EndpointSlice', 'Endpoints'],
      (former) => new ListedAddresses(mesh.table('EndpointSlice'), mesh.table('Endpoints'), former),
    );
  }

  private constructor(slices: KindTable, endpoints: KindTable, former: ListedAddresses | undefined) {
    this.slices = slices;
    this.endpoints = endpoints;
    for (const [namespace, own] of former?.namespaces ?? []) this.namespaces.set(namespace, this.listsOf(namespace, own));
  }

  in(namespace: string): AddressLists {
    let found = this.namespaces.get(namespace);
    if (!found) {
      found = this.listsOf(namespace, undefined);
      this.namespaces.set(namespace, found);
    }
    return found.lists;
  }

  private listsOf(namespace: string, former: OfNamespace | undefined): OfNamespace {
    const slices = this.slices.in(namespace);
    const endpoints = this.endpoints.in(namespace);
    if (former?.slices === slices && former.endpoints === endpoints) return former;
    const changed = former && changedServices(former, slices, endpoints);
    if (former && changed && changed.size <= mostChanged) return { slices, endpoints, lists: listsAfter(former, slices, endpoints, changed) };
    const bySlices = Map.groupBy(
      slices.filter(({ labels }) => labels[serviceLabel] !== undefined),
      ({ labels }) => labels[serviceLabel] as string,
    );
    const lists = new Map<string, readonly ListedAddress[]>();
    for (const [service, own] of bySlices) lists.set(service, joined(own.map(addressesIn), former?.lists.get(service)));
    for (const [service, own] of Map.groupBy(endpoints, ({ name }) => name)) {
      if (!bySlices.has(service)) lists.set(service, joined(own.map(addressesIn), former?.lists.get(service)));
    }
    return { slices, endpoints, lists };
  }
}

/** With more services than this a namespace is looked at as a whole. */
const mostChanged = 16;

/** Services that slices or endpoints of which came or went. */
function changedServices(former: OfNamespace, slices: readonly Resource[], endpoints: readonly Resource[]): Set<string> {
  const services = difference(former.slices, slices).flatMap(({ labels }) => labels[serviceLabel] ?? []);
  for (const { name } of difference(former.endpoints, endpoints)) services.push(name);
  return new Set(services);
}

function difference(before: readonly Resource[], after: readonly Resource[]): Resource[] {
  if (before === after) return [];
  const [old, now] = [new Set(before), new Set(after)];
  return [...before.filter((resource) => !now.has(resource)), ...after.filter((resource) => !old.has(resource))];
}

/** The lists of a namespace where only some services have others than before. */
function listsAfter(former: OfNamespace, slices: readonly Resource[], endpoints: readonly Resource[], changed: ReadonlySet<string>): AddressLists {
  const lists = new Map(former.lists);
  for (const service of changed) {
    const ofService = slices.filter(({ labels }) => labels[serviceLabel] === service);
    const own = ofService.length > 0 ? ofService : endpoints.filter(({ name }) => name === service);
    if (own.length > 0) lists.set(service, joined(own.map(addressesIn), former.lists.get(service)));
    else lists.delete(service);
  }
  return lists;
}

function joined(lists: readonly (readonly ListedAddress[])[], former: readonly ListedAddress[] | undefined): readonly ListedAddress[] {
  const [only] = lists;
  return lists.length === 1 && only ? only : keepList(former, lists.flat());
}

// An object lists the same addresses in every mesh.
const known = new WeakMap<Resource, readonly ListedAddress[]>();

function addressesIn(resource: Resource): readonly ListedAddress[] {
  let found = known.get(resource);
  if (!found) {
    found = resource.kindName === 'EndpointSlice' ? ofSlice(resource) : ofEndpoints(resource);
    known.set(resource, found);
  }
  return found;
}

interface Slice extends RawObject {
  addressType?: unknown;
  ports?: ({ name?: unknown; port?: unknown; protocol?: unknown } | null)[];
  endpoints?: ({ addresses?: unknown; conditions?: { ready?: unknown }; nodeName?: unknown; targetRef?: Target } | null)[];
}

function ofSlice(resource: Resource): ListedAddress[] {
  const { addressType, ports, endpoints } = resource.raw as Slice;
  if (addressType === 'FQDN') return [];
  return items(endpoints).flatMap(({ addresses, conditions, nodeName, targetRef }) => {
    if (isMap(conditions) && conditions.ready === false) return [];
    return texts(addresses).flatMap((address) =>
      tcpPorts(ports).map((port) => ({ address, ...port, node: text(nodeName), pod: podName(targetRef), resource })),
    );
  });
}

interface EndpointsObject extends RawObject {
  subsets?: ({ addresses?: ({ ip?: unknown; nodeName?: unknown; targetRef?: Target } | null)[]; ports?: Slice['ports'] } | null)[];
}

function ofEndpoints(resource: Resource): ListedAddress[] {
  return items((resource.raw as EndpointsObject).subsets).flatMap(({ addresses, ports }) =>
    items(addresses).flatMap(({ ip, nodeName, targetRef }) =>
      texts([ip]).flatMap((address) => tcpPorts(ports).map((port) => ({ address, ...port, node: text(nodeName), pod: podName(targetRef), resource }))),
    ),
  );
}

function tcpPorts(ports: Slice['ports']): { portName: string; port: number | undefined }[] {
  return items(ports)
    .filter(({ protocol }) => protocol !== 'UDP' && protocol !== 'SCTP')
    .map(({ name, port }) => ({ portName: text(name), port: typeof port === 'number' ? port : undefined }));
}

function podName(target: Target | undefined): string {
  return isMap(target) && target.kind === 'Pod' ? text(target.name) : '';
}

function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string' && item !== '') : [];
}
