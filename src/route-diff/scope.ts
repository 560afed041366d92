// For whom a change holds, in as few words as are right.
import type { View } from './callers.ts';
import type { Scope } from './change.ts';

export class Scopes {
  private readonly sidecars: readonly View[];
  /** How many views a namespace has. */
  private readonly ofNamespace = new Map<string, number>();

  constructor(views: readonly View[]) {
    this.sidecars = views.filter(({ callers }) => callers.some(({ role }) => role === 'sidecar'));
    for (const view of this.sidecars) {
      for (const namespace of namespacesOf(view)) this.ofNamespace.set(namespace, (this.ofNamespace.get(namespace) ?? 0) + 1);
    }
  }

  of(views: ReadonlySet<View>): Scope {
    const seeing = this.sidecars.filter((view) => views.has(view));
    const gateways = [...views].flatMap(({ callers }) => callers.flatMap(({ role, name }) => (role === 'gateway' ? [name] : [])));
    const allCallers = this.sidecars.length > 0 && seeing.length === this.sidecars.length;
    return { allCallers, callers: allCallers ? [] : this.callersOf(seeing), gateways: [...new Set(gateways)].sort() };
  }

  private callersOf(seeing: readonly View[]): string[] {
    const counts = new Map<string, number>();
    for (const view of seeing) for (const namespace of namespacesOf(view)) counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
    const names = seeing.flatMap(({ callers }) =>
      callers.flatMap(({ role, name }) => {
        if (role !== 'sidecar') return [];
        const namespace = namespaceOf(name);
        return [counts.get(namespace) === this.ofNamespace.get(namespace) ? namespace : name];
      }),
    );
    return [...new Set(names)].map((name) => (name === '' ? 'other namespaces' : name)).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  }
}

function rank(name: string): number {
  return name === 'other namespaces' ? 1 : 0;
}

function namespaceOf(name: string): string {
  return name.split('/')[0] as string;
}

function namespacesOf({ callers }: View): Set<string> {
  return new Set(callers.flatMap(({ role, name }) => (role === 'sidecar' ? [namespaceOf(name)] : [])));
}
