// What two meshes do differently with traffic: the tables of all callers, compared view by view, and told once for all whom it holds for.
import type { ProxyIdentity } from '../ir/table.ts';
import type { Mesh } from '../model/mesh.ts';
import { provenanceOf } from '../translate/provenance/provenance.ts';
import { routingTable, securityOf } from '../translate/table.ts';
import { AccessExamples } from './access/examples.ts';
import { type Caller, type View, viewsOf, workloadsOf } from './callers.ts';
import type { Change, Scope, Subject, TrafficDiff } from './change.ts';
import { exampleOf } from './examples.ts';
import { compareInbound } from './inbound.ts';
import { Scopes } from './scope.ts';
import { securityChanges } from './security.ts';
import type { TableSide } from './table-parts.ts';
import { compareTables, type TableChange } from './tables.ts';
import { together } from './together.ts';

export interface DiffOptions {
  /** Only what this one sees. */
  from?: { name: string; old: ProxyIdentity; new: ProxyIdentity } | undefined;
}

/** The same meshes give the same differences; meshes that do the same give none, whatever they look like. */
export function diffMeshes(old: Mesh, now: Mesh, { from }: DiffOptions = {}): TrafficDiff {
  const views = from ? [{ callers: [{ role: from.new.role, name: from.name, old: from.old, new: from.new }] satisfies Caller[] }] : viewsOf(old, now);
  const found = new Map<string, Told>();
  for (const view of views) {
    addView(found, view, old, now);
  }
  const scopes = new Scopes(views);
  const examples = new AccessExamples();
  const changes = [...found.values()].map(({ change: { shown, asked, ...change }, views: seenBy, first }): Change => {
    const example = shown && first && exampleOf(shown, nameOf(change.subject), first.old, first.now, first.from);
    const access = asked && first && examples.of({ ...asked, proxy: first.now.table.proxy });
    const scope = from ? onlyFor(from.name, from.new.role) : scopes.of(seenBy);
    return { ...change, scope, ...(example ? { example } : {}), ...(access ? { access } : {}) };
  });
  const inbound = from ? [] : inboundChanges(old, now, examples);
  return { changes: together([...changes, ...inbound]).sort(bySubject), views: views.length };
}

function onlyFor(name: string, role: ProxyIdentity['role']): Scope {
  return { allCallers: false, callers: role === 'sidecar' ? [name] : [], gateways: role === 'gateway' ? [name] : [] };
}

interface Told {
  change: TableChange;
  views: Set<View>;
  first: { old: TableSide; now: TableSide; from: string } | undefined;
}

function addView(found: Map<string, Told>, view: View, old: Mesh, now: Mesh): void {
  const [caller] = view.callers;
  if (!caller) return;
  const before: TableSide = { table: routingTable(old, caller.old), provenance: provenanceOf(old, caller.old) };
  const after: TableSide = { table: routingTable(now, caller.new), provenance: provenanceOf(now, caller.new) };
  for (const change of compareTables(before, after)) {
    const key = keyOf(change);
    const known = found.get(key);
    if (!known) found.set(key, { change, views: new Set([view]), first: { old: before, now: after, from: caller.name } });
    else {
      known.views.add(view);
      if (!known.change.shown && change.shown) Object.assign(known, { change, first: { old: before, now: after, from: caller.name } });
    }
  }
}

/** Equal for changes that say the same. */
function keyOf({ mark, subject, place, instead, fields }: Omit<TableChange, 'at'>): string {
  return JSON.stringify([mark, subject, place, instead, fields.map(({ field, old, new: now }) => [field, old?.text, now?.text, old?.value, now?.value])]);
}

function nameOf(subject: Subject): { host: string; port: number } {
  return subject.kind === 'host' ? subject : { host: '', port: 0 };
}

function inboundChanges(old: Mesh, now: Mesh, examples: AccessExamples): Change[] {
  const scope = { allCallers: true, callers: [], gateways: [] };
  return workloadsOf(old, now).flatMap(({ old: before, new: after, inBoth }) => {
    // All that is told of one that is only on one side: that it is one endpoint more, or less.
    if (!inBoth) return [];
    const subject: Subject = { kind: 'workload', namespace: after.namespace, name: after.name };
    const changes = [
      ...compareInbound({ mesh: old, proxy: before }, { mesh: now, proxy: after }),
      ...securityChanges(securityOf(old, before), securityOf(now, after)),
    ];
    return changes.map(({ asked, ...change }: Omit<TableChange, 'subject'>): Change => {
      const access = asked && examples.of({ ...asked, proxy: after });
      return { ...change, subject, scope, ...(access ? { access } : {}) };
    });
  });
}

const ranks: Readonly<Record<Subject['kind'], number>> = {
  'gateway-port': 0,
  host: 1,
  hosts: 2,
  'unknown-hosts': 3,
  connections: 4,
  workload: 5,
  workloads: 6,
  'envoy-filters': 7,
};

function bySubject(a: Change, b: Change): number {
  const rank = ranks[a.subject.kind] - ranks[b.subject.kind];
  if (rank !== 0) return rank;
  const [x, y] = [JSON.stringify(a.subject), JSON.stringify(b.subject)];
  if (x !== y) return x < y ? -1 : 1;
  // Routes stay in their order.
  return placeRank(a) - placeRank(b);
}

function placeRank({ place }: Change): number {
  return place === '' ? 0 : /^subsets? |^its endpoints$/.test(place) ? 2 : 1;
}
