import type { WorkloadEntry } from '../manifest/istio/networking.gen.ts';
import type { Mesh } from './mesh.ts';
import { text } from './untyped.ts';

/** Kinds that a ServiceAccount can be seen by, beside its own. */
export const kindsWithAccounts = ['ServiceAccount', 'Pod', 'WorkloadEntry', 'WorkloadGroup', 'ServiceEntry', 'gateway-api/Gateway'] as const;

/** Service accounts by namespace: those that are written, those that something runs as, and the `default` of every namespace. */
export class ServiceAccounts {
  private readonly byNamespace = new Map<string, Set<string>>();
  private readonly sorted = new Map<string, readonly string[]>();

  static of(mesh: Mesh): ServiceAccounts {
    return mesh.memo('service accounts', kindsWithAccounts, () => new ServiceAccounts(mesh));
  }

  private constructor(mesh: Mesh) {
    for (const { namespace, name } of mesh.list('ServiceAccount')) this.add(namespace, name);
    for (const { namespace, spec } of mesh.allWorkloads()) {
      const { serviceAccountName, serviceAccount } = spec as { serviceAccountName?: unknown; serviceAccount?: unknown };
      this.add(namespace, text(serviceAccountName) || text(serviceAccount));
    }
    const addEntry = (namespace: string, entry: WorkloadEntry | null | undefined): void => this.add(namespace, entry?.serviceAccount ?? '');
    for (const { namespace, spec } of mesh.list('WorkloadEntry')) addEntry(namespace, spec);
    for (const { namespace, spec } of mesh.list('WorkloadGroup')) addEntry(namespace, spec.template);
    for (const { namespace, spec } of mesh.list('ServiceEntry')) for (const endpoint of spec.endpoints ?? []) addEntry(namespace, endpoint);
    for (const { namespace, name, annotations, spec } of mesh.list('gateway-api/Gateway')) {
      // The controller makes an account for each gateway: named with its class, or with its name alone for waypoints.
      for (const account of [name, `${name}-${text(spec.gatewayClassName)}`]) this.add(namespace, account);
      this.add(namespace, annotations['gateway.istio.io/service-account'] ?? '');
      this.add(namespace, annotations['gateway.istio.io/name-override'] ?? '');
    }
  }

  private add(namespace: string, name: string): void {
    if (name === '') return;
    const names = this.byNamespace.get(namespace);
    if (names) names.add(name);
    else this.byNamespace.set(namespace, new Set([name]));
  }

  /** What is written without a namespace may be in any. */
  has(namespace: string, name: string): boolean {
    return name === 'default' || [namespace, ''].some((where) => this.byNamespace.get(where)?.has(name) === true);
  }

  /** Whether a name begins like this. */
  hasPrefix(namespace: string, prefix: string): boolean {
    if (prefix === '') return true;
    const names = this.names(namespace);
    let low = 0;
    let high = names.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((names[middle] as string) < prefix) low = middle + 1;
      else high = middle;
    }
    return names[low]?.startsWith(prefix) === true;
  }

  /** In the order of the alphabet. */
  names(namespace: string): readonly string[] {
    let names = this.sorted.get(namespace);
    if (!names) {
      names = [...new Set(['default', ...(this.byNamespace.get(namespace) ?? []), ...(this.byNamespace.get('') ?? [])])].sort();
      this.sorted.set(namespace, names);
    }
    return names;
  }
}
