import { compareText } from '../manifest/compare-text.ts';
import type { Resource } from '../manifest/resource.ts';
import { byCreation } from './creation.ts';

/** A resource that came, went, or took the place of another one. */
export interface Change {
  /** Undefined: `after` is new. */
  before?: Resource | undefined;
  /** Undefined: `before` is gone. */
  after?: Resource | undefined;
}

/** How resources of a kind follow each other: as they are written, with new ones last, or by namespace and name. */
export type Order = 'written' | 'name';

const none: readonly Resource[] = [];

/** The resources of one kind, found by namespace and name. It never changes; lists of namespaces that a change leaves alone go on. */
export class KindTable {
  static readonly empty = new KindTable(none, 'written');

  /** In the order of the input. */
  readonly list: readonly Resource[];
  private readonly order: Order;
  private namespaces: ReadonlyMap<string, readonly Resource[]> | undefined;
  private names = new Map<string, ReadonlyMap<string, Resource>>();
  private sorted: readonly Resource[] | undefined;

  /** @param list in that order */
  private constructor(list: readonly Resource[], order: Order) {
    this.list = list;
    this.order = order;
  }

  static of(list: readonly Resource[], order: Order = 'written'): KindTable {
    return new KindTable(order === 'name' ? list.toSorted(byName) : list, order);
  }

  /** A table without resources, for those that come. */
  static emptyIn(order: Order | undefined): KindTable {
    return order === 'name' ? new KindTable(none, order) : KindTable.empty;
  }

  /** Those of one namespace, in the order of the input: the same list as long as they are the same. */
  in(namespace: string): readonly Resource[] {
    this.namespaces ??= Map.groupBy(this.list, (resource) => resource.namespace);
    return this.namespaces.get(namespace) ?? none;
  }

  /** The last one of a name; `namespace` is empty for kinds without. */
  find(namespace: string, name: string): Resource | undefined {
    let names = this.names.get(namespace);
    if (!names) {
      names = new Map(this.in(namespace).map((resource) => [resource.name, resource]));
      this.names.set(namespace, names);
    }
    return names.get(name);
  }

  /** In the order in which the control plane takes them (SEL-R12). */
  byCreation(): readonly Resource[] {
    this.sorted ??= this.list.toSorted(byCreation);
    return this.sorted;
  }

  /**
   * The table after changes of this kind's resources: `after` takes the place of `before` in the order, what is new comes last; or each
   * has the place of its name.
   *
   * @throws Error where a resource that changes is not there
   */
  with(changes: readonly Change[]): KindTable {
    const list = [...this.list];
    const touched = new Set<string>();
    for (const { before, after } of changes) {
      for (const resource of [before, after]) if (resource) touched.add(resource.namespace);
      if (this.order === 'name') putByName(list, before, after);
      else if (!before) list.push(after as Resource);
      else list.splice(placeOf(list, before), 1, ...(after ? [after] : []));
    }
    const table = new KindTable(list, this.order);
    if (this.namespaces) {
      const namespaces = new Map(this.namespaces);
      for (const namespace of touched) {
        const own = list.filter((resource) => resource.namespace === namespace);
        if (own.length > 0) namespaces.set(namespace, own);
        else namespaces.delete(namespace);
      }
      table.namespaces = namespaces;
      table.names = new Map([...this.names].filter(([namespace]) => !touched.has(namespace)));
    }
    if (this.sorted && changes.length <= mostInserted) table.sorted = inserted(this.sorted, changes);
    return table;
  }
}

function placeOf(list: readonly Resource[], resource: Resource): number {
  const place = list.indexOf(resource);
  if (place < 0) throw new Error(`${resource.friendlyName} is not in the mesh, so it cannot change there`);
  return place;
}

function putByName(list: Resource[], before: Resource | undefined, after: Resource | undefined): void {
  if (before) {
    const place = placeByName(list, before);
    if (list[place] !== before) throw new Error(`${before.friendlyName} is not in the mesh, so it cannot change there`);
    if (after && byName(before, after) === 0) {
      list[place] = after;
      return;
    }
    list.splice(place, 1);
  }
  if (after) list.splice(placeByName(list, after), 0, after);
}

/** Where the resource is, or would be, among those in the order of their names. */
function placeByName(list: readonly Resource[], resource: Resource): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byName(list[middle] as Resource, resource) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function byName(a: Resource, b: Resource): number {
  return compareText(a.namespace, b.namespace) || compareText(a.name, b.name);
}

/** More changes at a time are sorted with everything else. */
const mostInserted = 16;

/** The sorted list after changes; undefined where the order of the input decides between some of them. */
function inserted(sorted: readonly Resource[], changes: readonly Change[]): readonly Resource[] | undefined {
  const out = [...sorted];
  for (const { before, after } of changes) {
    const place = before ? placeOf(out, before) : 0;
    if (before && after && byCreation(before, after) === 0) {
      out[place] = after;
      continue;
    }
    if (before) out.splice(place, 1);
    if (!after) continue;
    let low = 0;
    let high = out.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = byCreation(out[middle] as Resource, after);
      if (order === 0) return undefined;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    out.splice(low, 0, after);
  }
  return out;
}
