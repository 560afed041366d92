import type { Origin, Status } from '../ir/table.ts';
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';

/** The place of a field, from the root of the object; without fields the whole of it. */
export function originOf({ kindName, namespace, name }: Resource, ...path: Path): Origin {
  return { kind: kindName, namespace, name, path };
}

export type StatusReason =
  /** A host that no service has, or none that the proxy sees. */
  | 'unknown-host'
  | 'unknown-port'
  | 'unknown-subset'
  | 'unknown-gateway'
  | 'missing-delegate'
  | 'delegate-conflict'
  /** Another resource has the host, and rules are not merged (SEL-R19). */
  | 'duplicate-host'
  | 'invalid-regex'
  /** A condition that no proxy takes. */
  | 'invalid-match'
  /** An operation on a header that no proxy takes. */
  | 'invalid-header'
  /** A fault that no proxy takes. */
  | 'invalid-fault'
  /** A rule without a redirect, direct response or destination. */
  | 'no-action'
  | 'invalid-backend'
  | 'unsupported'
  /** A patch of an EnvoyFilter that cannot do anything. */
  | 'invalid-patch'
  /** A server of a Gateway that cannot be there beside others. */
  | 'conflicting-server'
  | 'conflicting-port';

/** What degrades while a table is made; each problem of a place once. */
export class Statuses {
  private readonly found = new Map<string, Status>();

  /** @param known to begin with */
  constructor(known: readonly Status[] = []) {
    for (const { origin, reason, message } of known) this.add(origin, reason, message);
  }

  add(origin: Origin, reason: StatusReason | Status['reason'], message: string): void {
    const key = JSON.stringify([origin.kind, origin.namespace, origin.name, origin.path, reason, message]);
    if (!this.found.has(key)) this.found.set(key, { origin, reason, message });
  }

  /** In the order of the places. */
  sorted(): Status[] {
    return [...this.found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, status]) => status);
  }
}
