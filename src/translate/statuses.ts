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
  | 'conflicting-port'
  /** Something in a policy that cannot be checked: what it is for is denied (SEC-R31). */
  | 'invalid-policy'
  /** Nobody can be asked: what the policy is for is denied. */
  | 'unknown-provider'
  | 'invalid-provider'
  | 'conflicting-providers';

const none: readonly Status[] = [];

/** What degrades while a table, or a part of one, is made. */
export class Statuses {
  private found: Status[] | undefined;

  add(origin: Origin, reason: StatusReason, message: string): void {
    this.found ??= [];
    this.found.push({ origin, reason, message });
  }

  addAll(statuses: readonly Status[]): void {
    for (const status of statuses) {
      this.found ??= [];
      this.found.push(status);
    }
  }

  /** As they were found. */
  list(): readonly Status[] {
    return this.found ?? none;
  }
}

const keys = new WeakMap<Status, string>();

function keyOf(status: Status): string {
  let key = keys.get(status);
  if (key === undefined) {
    const { origin, reason, message } = status;
    key = JSON.stringify([origin.kind, origin.namespace, origin.name, origin.path, reason, message]);
    keys.set(status, key);
  }
  return key;
}

/** Each problem of a place once, in the order of the places. */
export function inOrder(lists: Iterable<readonly Status[]>): Status[] {
  const found = new Map<string, Status>();
  for (const list of lists) {
    for (const status of list) {
      const key = keyOf(status);
      if (!found.has(key)) found.set(key, status);
    }
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, status]) => status);
}
