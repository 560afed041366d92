// What those who come in are asked, before anything is done for them (SEC-R7).
import type { Listener } from '../../ir/listener.ts';
import { securityAt } from '../../ir/secured.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { JsonObject } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { customFilters } from './ext-authz.ts';
import type { ChainContext } from './filter-chain.ts';
import { jwtFilter, keySet } from './jwt-authn.ts';
import { rbacFilters } from './rbac.ts';

/** Of requests: providers of CUSTOM policies are asked, then tokens are verified, then rules are checked. */
export function httpSecurityFilters({ table, listener, options }: ChainContext): JsonObject[] {
  const { authorization, authentication } = securityAt(table, listener) ?? {};
  return [
    ...(authorization ? customFilters('http', authorization.http.custom) : []),
    ...(authentication ? jwtFilter(authentication, options) : []),
    ...(authorization ? rbacFilters('http', authorization.http) : []),
  ];
}

/**
 * Headers that only tokens may set go before anything reads them: Envoy's filter drops them itself, but after a service was asked and the
 * route was chosen by them, and not at all of preflights.
 */
export function earlyHeaderMutations({ table, listener }: ChainContext): JsonObject[] | undefined {
  const providers = securityAt(table, listener)?.authentication?.providers ?? [];
  const names = providers.flatMap(({ payloadHeader, claimHeaders }) => [
    ...(payloadHeader ? [payloadHeader] : []),
    ...claimHeaders.map(({ header }) => header),
  ]);
  const mutations = [...new Set(names.map((name) => name.toLowerCase()))].sort().map((name) => ({ remove: name }));
  if (mutations.length === 0) return undefined;
  return [
    {
      name: 'envoy.http.early_header_mutation.header_mutation',
      typed_config: { '@type': 'type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation', mutations },
    },
  ];
}

/** Of connections without HTTP. */
export function networkSecurityFilters({ table, listener }: ChainContext): JsonObject[] {
  const { authorization } = securityAt(table, listener) ?? {};
  return authorization ? [...customFilters('network', authorization.tcp.custom), ...rbacFilters('network', authorization.tcp)] : [];
}

/** Keys that the filters have beside those of the table: the same text, the same filters. */
export function fetchedKeys({ security }: Pick<RoutingTable, 'security'>, options: EnvoyOptions): string {
  const providers = security?.authentication?.providers ?? [];
  const fetched = options.jwks ? providers.flatMap(({ keys }) => (keys.kind === 'inline' ? [] : [keySet(keys, options)])) : [];
  return fetched.length > 0 ? JSON.stringify(fetched) : '';
}

interface Secured {
  keys: string;
  of: object;
}

const secured = new WeakMap<Listener, WeakMap<object, Secured>>();

/** What Envoy's resource of a listener is of: the same object while neither the listener nor what is asked there changes. */
export function identityOf(listener: Listener, table: RoutingTable, options: EnvoyOptions): object {
  const security = securityAt(table, listener);
  if (!security) return listener;
  const bySecurity = secured.get(listener) ?? new WeakMap<object, Secured>();
  secured.set(listener, bySecurity);
  const keys = fetchedKeys(table, options);
  let found = bySecurity.get(security);
  if (found?.keys !== keys) {
    found = { keys, of: {} };
    bySecurity.set(security, found);
  }
  return found.of;
}
