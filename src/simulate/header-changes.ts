// What a route does to headers, operation by operation.
import type { HeaderOperation, Provenance } from '../ir/provenance.ts';
import type { HeaderOps, HeaderPolicy, Route, VirtualHost } from '../ir/route.ts';
import type { ExchangeRecord } from '../proxy/core/exchange-record.ts';
import { compileFormat } from '../proxy/core/format.ts';
import { canChange } from '../proxy/core/header-ops.ts';
import type { HeaderChange } from './simulation.ts';

interface Level {
  route: Route;
  host: VirtualHost;
  /** Index of the destination; undefined: of the rule. */
  destination: number | undefined;
  policy: HeaderPolicy | undefined;
}

/**
 * The operations of one level in the order in which they are done: removes, sets, adds (RT-R30).
 *
 * @param record as it is before this level; undefined: values are not known yet
 */
export function headerChanges(
  { route, host, destination, policy }: Level,
  message: HeaderOperation['message'],
  provenance: Provenance,
  record?: ExchangeRecord,
): HeaderChange[] {
  const ops = policy?.[message];
  if (!ops) return [];
  return operations(ops)
    .filter(({ op, name }) => canChange(op, name.toLowerCase()))
    .map(({ op, name, format }): HeaderChange => {
      const value = format === undefined ? undefined : renderedValue(format, record);
      return {
        op,
        name: name.toLowerCase(),
        ...(format === undefined ? {} : { format }),
        ...(value === undefined ? {} : { value }),
        level: destination === undefined ? 'route' : 'destination',
        source: provenance.header(route, host, { message, op, name, ...(destination === undefined ? {} : { destination }) }),
      };
    });
}

function operations({ remove, add }: HeaderOps): { op: HeaderChange['op']; name: string; format?: string }[] {
  const of = (set: boolean) =>
    add.filter((entry) => entry.set === set).map(({ name, value }) => ({ op: set ? ('set' as const) : ('add' as const), name, format: value }));
  return [...remove.map((name) => ({ op: 'remove' as const, name })), ...of(true), ...of(false)];
}

/** Operators that read nothing but the head of the request. */
const ofRequest = /^(?:REQ\(|PROTOCOL%|ROUTE_NAME%|VIRTUAL_HOST_NAME%|FILTER_CHAIN_NAME%|UPSTREAM_CLUSTER(?:_RAW)?%|QUERY_PARAM\(|PATH\()/;

/** Undefined: something else than the request decides. */
function renderedValue(format: string, record: ExchangeRecord | undefined): string | undefined {
  const compiled = compileFormat(format);
  if ('error' in compiled) return undefined;
  if (compiled.constant !== undefined) return compiled.constant;
  if (!record) return undefined;
  const operators = format
    .replaceAll('%%', '')
    .split('%')
    .filter((_, i) => i % 2 === 1);
  return operators.every((operator) => ofRequest.test(`${operator}%`)) ? compiled.render(record, '') : undefined;
}
