import type { HeaderOps, HeaderPolicy } from '../ir/route.ts';
import type { Headers, Headers_HeaderOperations } from '../manifest/istio/networking.gen.ts';

/** What a `headers` block does, and the authority that it sets. */
export interface TranslatedHeaders {
  policy: HeaderPolicy;
  /** Empty: the authority stays as it is. */
  authority: string;
}

const none: HeaderOps = { remove: [], add: [] };

/** One `headers` block: its removals, then what it sets, then what it adds, each sorted by name (RT-R30). */
export function translateHeaders(headers: Headers | null | undefined): TranslatedHeaders {
  return {
    policy: { request: operations(headers?.request), response: operations(headers?.response) },
    // `set` wins over `add` (RT-R34).
    authority: authorityIn(headers?.request?.set) || authorityIn(headers?.request?.add),
  };
}

function operations(block: Headers_HeaderOperations | null | undefined): HeaderOps {
  if (!block) return none;
  const added = (values: Record<string, string> | undefined, set: boolean): HeaderOps['add'] =>
    Object.keys(values ?? {})
      .filter((name) => !isReserved(name))
      .sort()
      .map((name) => ({ name: name.toLowerCase(), value: values?.[name] ?? '', set }));
  return {
    remove: (block.remove ?? []).flatMap((name) => (name && !isReserved(name) ? [name.toLowerCase()] : [])),
    add: [...added(block.set, true), ...added(block.add, false)],
  };
}

/** Parts of the request line are not headers (RT-R34). */
function isReserved(name: string): boolean {
  return name.startsWith(':') || name.toLowerCase() === 'host';
}

function authorityIn(values: Record<string, string> | undefined): string {
  for (const name of Object.keys(values ?? {}).sort()) {
    const lower = name.toLowerCase();
    if ((lower === ':authority' || lower === 'host') && values?.[name]) return values[name];
  }
  return '';
}

/** The operations of a single destination come after those of its route: what it sets wins (RT-R32). */
export function joinPolicies(route: HeaderPolicy, destination: HeaderPolicy): HeaderPolicy {
  const join = (a: HeaderOps, b: HeaderOps): HeaderOps => ({ remove: [...new Set([...a.remove, ...b.remove])], add: [...a.add, ...b.add] });
  return { request: join(route.request, destination.request), response: join(route.response, destination.response) };
}

export function isEmptyPolicy({ request, response }: HeaderPolicy): boolean {
  return [request, response].every(({ remove, add }) => remove.length === 0 && add.length === 0);
}
