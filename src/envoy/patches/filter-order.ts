// Where a filter goes that is added without being told where. A filter that ends the chain is the last one: Envoy refuses others behind it.
import type { EnvoyPatch } from '../../ir/envoy-patch.ts';
import type { JsonObject } from '../json.ts';
import { messageName } from '../proto/messages.ts';
import type { List } from './lists.ts';
import { objectAt } from './match.ts';

const terminalTypes: ReadonlySet<string> = new Set([
  'envoy.extensions.filters.http.router.v3.Router',
  'envoy.extensions.filters.network.direct_response.v3.Config',
  'envoy.extensions.filters.network.dubbo_proxy.v3.DubboProxy',
  'envoy.extensions.filters.network.echo.v3.Echo',
  'envoy.extensions.filters.network.generic_proxy.v3.GenericProxy',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  'envoy.extensions.filters.network.redis_proxy.v3.RedisProxy',
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  'envoy.extensions.filters.network.thrift_proxy.v3.ThriftProxy',
]);

function isTerminal(filter: JsonObject | undefined): boolean {
  return terminalTypes.has(messageName(String(objectAt(filter, 'typed_config')?.['@type'] ?? '')));
}

/** The end of a chain, in front of the filter that ends it. */
export function endFor(value: JsonObject): (list: List) => number {
  return (list) => (!isTerminal(value) && isTerminal(list.at(-1)) ? list.length - 1 : list.length);
}

const authentication: ReadonlySet<unknown> = new Set(['envoy.filters.http.jwt_authn', 'istio_authn']);
const authorization: ReadonlySet<unknown> = new Set(['envoy.filters.http.rbac', 'envoy.filters.http.ext_authz']);

/** Classes of the filters that patches have added, so that a later one of a class comes behind the earlier ones. */
export type AddedClasses = Map<JsonObject, EnvoyPatch['filterClass']>;

/** The place of a filter among the HTTP filters by its class (EnvoyFilter.Patch.FilterClass). */
export function placeFor({ filterClass }: EnvoyPatch, value: JsonObject, added: AddedClasses): (list: List) => number {
  const end = endFor(value);
  const behind = (...before: ((filter: JsonObject) => boolean)[]): ((list: List) => number) => {
    return (list) => list.findLastIndex((filter) => before.some((one) => one(filter))) + 1;
  };
  const authenticates = (filter: JsonObject): boolean => authentication.has(filter.name) || added.get(filter) === 'AUTHN';
  const authorizes = (filter: JsonObject): boolean => authorization.has(filter.name) || added.get(filter) === 'AUTHZ';
  switch (filterClass) {
    case 'AUTHN':
      return behind(authenticates);
    case 'AUTHZ':
      return behind(authenticates, authorizes);
    case 'STATS':
      return (list) => {
        const first = list.findIndex(({ name }) => name === 'istio.stats');
        return first < 0 ? end(list) : first;
      };
    case 'UNSPECIFIED':
      return end;
  }
}
