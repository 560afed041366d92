import type { ProxyIdentity, Status } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';
import { sameItems } from '../../model/same.ts';
import { policyProblems } from '../../translate/security/policy-problems.ts';
import { routingTable, tableReads } from '../../translate/table.ts';
import { gatewayNames, gatewayOfResource, namedProxy } from '../../translate/workload-identity.ts';
import { istioKinds } from '../watch/watched-kinds.ts';

/** Kinds of Istio that tables are made of. */
export const kindsInTables: ReadonlySet<string> = new Set(istioKinds.filter((kind) => (tableReads as readonly string[]).includes(kind)));

const none: readonly Status[] = [];

/**
 * What goes wrong with the objects of users when tables are made: of a sidecar without labels in each namespace that has such objects,
 * and of what runs each gateway; and with policies, whomever they are for. It does not depend on which proxies there are.
 */
export class TableStatuses {
  private lists = new Map<string, readonly Status[]>();
  private byObject = new Map<string, readonly Status[]>();

  /** By `Kind namespace/name`. */
  of(identity: string): readonly Status[] {
    return this.byObject.get(identity) ?? none;
  }

  /** @returns objects about which something else is said than before */
  update(mesh: Mesh): Set<string> {
    const lists = new Map<string, readonly Status[]>();
    // They may be for workloads that are not there.
    lists.set('policies', policyProblems(mesh));
    for (const proxy of proxiesOf(mesh)) lists.set(JSON.stringify([proxy.role, proxy.namespace, proxy.name, proxy.labels]), routingTable(mesh, proxy).statuses);
    if (lists.size === this.lists.size && [...lists].every(([key, list]) => this.lists.get(key) === list)) return new Set();
    this.lists = lists;
    const found = grouped(lists.values());
    const changed = new Set<string>();
    for (const [identity, list] of found) if (!sameItems(list, this.of(identity))) changed.add(identity);
    for (const identity of this.byObject.keys()) if (!found.has(identity)) changed.add(identity);
    this.byObject = found;
    return changed;
  }
}

function* proxiesOf(mesh: Mesh): Generator<ProxyIdentity> {
  const namespaces = new Set([...kindsInTables].flatMap((kind) => mesh.list(kind).map(({ namespace }) => namespace)));
  for (const namespace of namespaces) yield namedProxy('sidecar', namespace, '');
  for (const name of gatewayNames(mesh)) {
    const [namespace = '', own = ''] = name.split('/');
    const gateway = gatewayOfResource(mesh, namespace, own);
    if (gateway) yield gateway;
  }
}

/** Each problem once: several tables may have it. */
function grouped(lists: Iterable<readonly Status[]>): Map<string, readonly Status[]> {
  const found = new Map<string, Map<string, Status>>();
  for (const list of lists) {
    for (const status of list) {
      const { kind, namespace, name, path } = status.origin;
      const identity = `${kind} ${namespace}/${name}`;
      const own = found.get(identity) ?? new Map<string, Status>();
      found.set(identity, own);
      const key = JSON.stringify([path, status.reason, status.message]);
      if (!own.has(key)) own.set(key, status);
    }
  }
  return new Map([...found].map(([identity, own]) => [identity, [...own.values()]]));
}
