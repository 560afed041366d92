import type { Mesh } from './mesh.ts';
import { items, text } from './untyped.ts';

/** Who names something in another namespace. */
export interface Referrer {
  group: string;
  kind: string;
  namespace: string;
}

/** What is named. */
export interface Referent {
  group: string;
  kind: string;
  namespace: string;
  name: string;
}

/** What ReferenceGrants allow: `from` their list, `to` their list in their own namespace. */
export class ReferenceGrants {
  private readonly granted = new Set<string>();

  static of(mesh: Mesh): ReferenceGrants {
    return mesh.memo('reference grants', ['gateway-api/ReferenceGrant'], () => new ReferenceGrants(mesh));
  }

  private constructor(mesh: Mesh) {
    for (const { namespace, spec } of mesh.list('gateway-api/ReferenceGrant')) {
      for (const from of items(spec.from as Record<string, unknown>[])) {
        for (const to of items(spec.to as Record<string, unknown>[])) {
          const referrer = { group: text(from.group), kind: text(from.kind), namespace: text(from.namespace) };
          this.granted.add(keyOf(referrer, { group: text(to.group), kind: text(to.kind), namespace, name: text(to.name) }));
        }
      }
    }
  }

  /** A grant without a name is for all names, and one that is written without a namespace may be in any. */
  allow(from: Referrer, to: Referent): boolean {
    return [to.namespace, ''].some((namespace) => [to.name, ''].some((name) => this.granted.has(keyOf(from, { ...to, namespace, name }))));
  }
}

function keyOf(from: Referrer, to: Referent): string {
  return [from.group, from.kind, from.namespace, to.group, to.kind, to.namespace, to.name].join(' ');
}
