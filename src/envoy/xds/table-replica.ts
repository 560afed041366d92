// The routing table of a control plane, as a sidecar has it: resources of type TablePart, put together.
import type { ProxyIdentity, RoutingTable } from '../../ir/table.ts';
import { TableAssembly, type TablePart } from '../../ir/table-part.ts';
import type { DeltaResource, DeltaResponse } from './client-messages.ts';

/** What each kind of part has. */
const contents: Readonly<Record<TablePart['kind'], readonly string[]>> = {
  mesh: ['mesh', 'envoyPatches', 'statuses'],
  security: ['security'],
  listener: ['listener'],
  routes: ['routes', 'hosts'],
  host: ['host'],
  cluster: ['cluster'],
  endpoints: ['localities'],
};

/** How many unreadable parts are named in a refusal. */
const mostNamed = 3;

export type ReplicaState =
  | { kind: 'complete'; table: RoutingTable }
  /** Parts are yet to come that others name. */
  | { kind: 'incomplete' }
  | { kind: 'unreadable'; problem: string };

export class TableReplica {
  private readonly proxy: ProxyIdentity;
  private assembly = new TableAssembly();
  private readonly current = new Map<string, string>();
  /** Parts that could not be read, with the reason: until all can, there is no table. */
  private readonly unreadable = new Map<string, string>();

  constructor(proxy: ProxyIdentity) {
    this.proxy = proxy;
  }

  /** What is here, for a control plane that is to send only what is not: version by name. */
  get versions(): ReadonlyMap<string, string> {
    return this.current;
  }

  /** Forgets everything. */
  clear(): void {
    this.assembly = new TableAssembly();
    this.current.clear();
    this.unreadable.clear();
  }

  update({ resources, removed }: Pick<DeltaResponse, 'resources' | 'removed'>): ReplicaState {
    const changed: [string, TablePart][] = [];
    const gone = [...removed];
    for (const resource of resources) {
      const { name, version } = resource;
      this.unreadable.delete(name);
      if (!resource.bytes) {
        gone.push(name);
        continue;
      }
      this.current.set(name, version);
      const part = readPart(resource);
      if (typeof part === 'string') this.unreadable.set(name, part);
      else changed.push([name, part]);
    }
    for (const name of gone) {
      this.current.delete(name);
      this.unreadable.delete(name);
    }
    this.assembly.update(changed, gone);
    if (this.unreadable.size > 0) return { kind: 'unreadable', problem: this.problem() };
    const table = this.assembly.table(this.proxy);
    return table ? { kind: 'complete', table } : { kind: 'incomplete' };
  }

  private problem(): string {
    const named = [...this.unreadable].slice(0, mostNamed).map(([name, reason]) => `${name}: ${reason}`);
    const more = this.unreadable.size - named.length;
    return `${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  }
}

/** @returns a text: why it cannot be read */
function readPart({ name, bytes = new Uint8Array() }: DeltaResource): TablePart | string {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return `no JSON: ${(error as Error).message}`;
  }
  const part = value as Record<string, unknown> | null;
  const kind = part?.kind;
  if (typeof kind !== 'string' || !Object.hasOwn(contents, kind)) return `of kind ${JSON.stringify(kind)}, which this version of weft does not know`;
  if (name.split('/', 1)[0] !== kind) return `the name is not that of a part of kind ${kind}`;
  const missing = contents[kind as TablePart['kind']].find((field) => typeof part?.[field] !== 'object' || part[field] === null);
  return missing === undefined ? (value as TablePart) : `it has no ${missing}`;
}
