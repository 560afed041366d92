import { identityOfNode } from '../node.ts';
import { typeUrls } from '../type-urls.ts';
import type { ClientStatus, SyncState, TypeStatus } from './client-status.ts';
import type { XdsNode } from './view.ts';

/** Short names of types, in the order of the columns. */
export const typeNames: Readonly<Record<string, string>> = {
  [typeUrls.cluster]: 'CDS',
  [typeUrls.listener]: 'LDS',
  [typeUrls.endpoints]: 'EDS',
  [typeUrls.routes]: 'RDS',
  [typeUrls.virtualHost]: 'VHDS',
  [typeUrls.secret]: 'SDS',
  [typeUrls.tablePart]: 'TABLE',
};

/** As the reference writes them. */
export const stateNames: Readonly<Record<SyncState, string>> = { SYNCED: 'SYNCED', STALE: 'STALE', NOT_SENT: 'NOT SENT', ERROR: 'ERROR' };

/** A connected proxy, in the words of its user. */
export interface ProxyStatus {
  name: string;
  namespace: string;
  id: string;
  /** Program and version. */
  proxy: string;
  protocol: ClientStatus['variant'];
  types: readonly NamedType[];
}

export interface NamedType extends TypeStatus {
  name: string;
}

/** By name. */
export function proxyStatuses(clients: readonly ClientStatus[]): ProxyStatus[] {
  const order = Object.values(typeNames);
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return clients
    .map(({ node, variant, types }) => ({
      ...proxyName(node),
      id: node.id,
      proxy: node.userAgent.replace('/', ' '),
      protocol: variant,
      types: types.map((type) => ({ ...type, name: typeName(type.typeUrl) })).sort((a, b) => rank(a.name) - rank(b.name)),
    }))
    .sort((a, b) => compare(fullName(a), fullName(b)) || compare(a.id, b.id));
}

/** Of a node that is none of a mesh, the name is its id. */
export function proxyName(node: XdsNode): Pick<ProxyStatus, 'name' | 'namespace'> {
  const found = identityOfNode(node);
  return 'problem' in found ? { name: node.id, namespace: '' } : { name: found.identity.name, namespace: found.identity.namespace };
}

/** `NAME.NAMESPACE` */
export function fullName({ name, namespace }: Pick<ProxyStatus, 'name' | 'namespace'>): string {
  return namespace === '' ? name : `${name}.${namespace}`;
}

/** Whether a proxy is called so: `NAME`, `NAME.NAMESPACE`, `NAMESPACE/NAME`, or the id of its node. */
export function isCalled(proxy: Pick<ProxyStatus, 'name' | 'namespace' | 'id'>, wanted: string): boolean {
  const { name, namespace, id } = proxy;
  return wanted === name || wanted === fullName(proxy) || wanted === `${namespace}/${name}` || (id !== '' && wanted === id);
}

/** `CDS`; of a type without a short name the last part of its URL. */
export function typeName(typeUrl: string): string {
  return typeNames[typeUrl] ?? typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
