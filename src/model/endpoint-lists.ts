import type { RawObject, Resource } from '../manifest/resource.ts';
import type { Mesh } from './mesh.ts';
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

/**
 * The addresses that the cluster lists for each service, by `namespace/name`. Endpoints count for services that no EndpointSlice
 * is for; a service that is not there has no list at all.
 */
export function listedAddresses(mesh: Mesh): ReadonlyMap<string, readonly ListedAddress[]> {
  return mesh.memo('addresses of services', ['EndpointSlice', 'Endpoints'], () => {
    const known = mesh.cache('addresses of services', () => new Map<string, { objects: readonly Resource[]; addresses: readonly ListedAddress[] }>());
    const objects = new Map<string, Resource[]>();
    const add = (key: string, object: Resource): void => {
      const list = objects.get(key);
      if (list) list.push(object);
      else objects.set(key, [object]);
    };
    for (const slice of mesh.list('EndpointSlice')) {
      const service = slice.labels[serviceLabel];
      if (service !== undefined) add(`${slice.namespace}/${service}`, slice);
    }
    const sliced = new Set(objects.keys());
    for (const endpoints of mesh.list('Endpoints')) {
      const key = `${endpoints.namespace}/${endpoints.name}`;
      if (!sliced.has(key)) add(key, endpoints);
    }
    const found = new Map<string, readonly ListedAddress[]>();
    for (const [key, list] of objects) {
      let there = known.get(key);
      if (!there || there.objects.length !== list.length || there.objects.some((object, i) => object !== list[i])) {
        there = { objects: list, addresses: list.flatMap((object) => (object.kindName === 'EndpointSlice' ? ofSlice(object) : ofEndpoints(object))) };
        known.set(key, there);
      }
      found.set(key, there.addresses);
    }
    return found;
  });
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
