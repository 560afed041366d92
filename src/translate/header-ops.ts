import type { HeaderOps, HeaderPolicy } from '../ir/route.ts';
import type { Headers, Headers_HeaderOperations } from '../manifest/istio/networking.gen.ts';
import { formatProblem } from './header-formats.ts';
import { isHeaderName, isHeaderText } from './header-text.ts';

/** What a `headers` block does, and the authority that it sets. */
export interface TranslatedHeaders {
  policy: HeaderPolicy;
  /** Empty: the authority stays as it is. */
  authority: string;
}

/** Told of each operation that is left out. */
export type HeaderReport = (message: string) => void;

/** More operations that write headers no proxy takes at one place. */
const mostAdded = 1000;

/** One `headers` block: its removals, then what it sets, then what it adds, each sorted by name (RT-R30). */
export function translateHeaders(headers: Headers | null | undefined, report: HeaderReport): TranslatedHeaders {
  return {
    policy: { request: operations(headers?.request, report), response: operations(headers?.response, report) },
    // `set` wins over `add` (RT-R34).
    authority: authorityIn(headers?.request?.set, report) || authorityIn(headers?.request?.add, report),
  };
}

const none: HeaderOps = { remove: [], add: [] };

function operations(block: Headers_HeaderOperations | null | undefined, report: HeaderReport): HeaderOps {
  if (!block) return none;
  const added = (values: Record<string, string> | undefined, set: boolean): HeaderOps['add'] =>
    Object.keys(values ?? {})
      .filter((name) => !isReserved(name) && isTaken(name, values?.[name] ?? '', report))
      .sort()
      .map((name) => ({ name: name.toLowerCase(), value: values?.[name] ?? '', set }));
  return {
    remove: (block.remove ?? []).flatMap((name) => (name && !isReserved(name) && isHeaderName(name) ? [name.toLowerCase()] : [])),
    add: [...added(block.set, true), ...added(block.add, false)],
  };
}

/** Parts of the request line are not headers (RT-R34). */
function isReserved(name: string): boolean {
  return name.startsWith(':') || name.toLowerCase() === 'host';
}

/** Whether a proxy takes the operation: of one that it does not take it would refuse the whole configuration. */
function isTaken(name: string, value: string, report: HeaderReport): boolean {
  const problem = !isHeaderName(name)
    ? 'this is no name of a header'
    : !isHeaderText(value)
      ? 'the value has a line break or is too long'
      : formatProblem(value);
  if (problem !== undefined) report(`header ${JSON.stringify(name)}: ${problem}: the operation is left out`);
  return problem === undefined;
}

function authorityIn(values: Record<string, string> | undefined, report: HeaderReport): string {
  for (const name of Object.keys(values ?? {}).sort()) {
    const lower = name.toLowerCase();
    const value = values?.[name];
    if ((lower !== ':authority' && lower !== 'host') || !value) continue;
    if (isHeaderText(value)) return value;
    report(`header ${JSON.stringify(name)}: the value has a line break or is too long: the operation is left out`);
  }
  return '';
}

/** The operations of a single destination come after those of its route: what it sets wins (RT-R32). */
export function joinPolicies(route: HeaderPolicy, destination: HeaderPolicy): HeaderPolicy {
  const join = (a: HeaderOps, b: HeaderOps): HeaderOps => ({ remove: [...new Set([...a.remove, ...b.remove])], add: [...a.add, ...b.add] });
  return { request: join(route.request, destination.request), response: join(route.response, destination.response) };
}

/** Without the operations that are too many. */
export function limited(policy: HeaderPolicy, report: HeaderReport): HeaderPolicy {
  const cut = (ops: HeaderOps): HeaderOps => {
    if (ops.add.length <= mostAdded) return ops;
    report(`${ops.add.length} headers are written, and a proxy takes ${mostAdded}: the others are left out`);
    return { ...ops, add: ops.add.slice(0, mostAdded) };
  };
  return { request: cut(policy.request), response: cut(policy.response) };
}

export function isEmptyPolicy({ request, response }: HeaderPolicy): boolean {
  return [request, response].every(({ remove, add }) => remove.length === 0 && add.length === 0);
}
