import type { Origin } from './table.ts';

/** What of Envoy's configuration a patch applies to (EnvoyFilter.ApplyTo). */
export const patchTargets = [
  'LISTENER',
  'LISTENER_FILTER',
  'FILTER_CHAIN',
  'NETWORK_FILTER',
  'HTTP_FILTER',
  'ROUTE_CONFIGURATION',
  'VIRTUAL_HOST',
  'HTTP_ROUTE',
  'CLUSTER',
  'EXTENSION_CONFIG',
  'BOOTSTRAP',
] as const;
export type PatchTarget = (typeof patchTargets)[number];

/** EnvoyFilter.Patch.Operation */
export const patchOperations = ['MERGE', 'ADD', 'REMOVE', 'INSERT_BEFORE', 'INSERT_AFTER', 'INSERT_FIRST', 'REPLACE'] as const;
export type PatchOperation = (typeof patchOperations)[number];

/** EnvoyFilter.PatchContext: the traffic that a listener, route configuration or cluster is for. */
export const patchContexts = ['ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY'] as const;
export type PatchContext = (typeof patchContexts)[number];

/** A patch of Envoy's configuration that applies to the proxy of the table (EnvoyFilter, `configPatches`). */
export interface EnvoyPatch {
  applyTo: PatchTarget;
  operation: PatchOperation;
  context: PatchContext;
  match: PatchMatch;
  /** JSON as written: fields in either spelling, durations as Go writes them. Empty where nothing is written, which only REMOVE may. */
  value: Readonly<Record<string, unknown>>;
  /** Where ADD puts a filter among those that are there. */
  filterClass: 'UNSPECIFIED' | 'AUTHN' | 'AUTHZ' | 'STATS';
  /** The entry of `configPatches`. */
  origin: Origin;
}

/** Conditions on what is patched: at most one is there. An absent condition, here and below, is met by everything. */
export interface PatchMatch {
  listener?: ListenerMatch;
  routeConfiguration?: RouteConfigurationMatch;
  cluster?: ClusterMatch;
}

export interface ListenerMatch {
  name?: string;
  /** Of the listener; of the filter chain in the listeners that all captured connections go through. */
  portNumber?: number;
  listenerFilter?: string;
  filterChain?: FilterChainPatchMatch;
}

export interface FilterChainPatchMatch {
  name?: string;
  sni?: string;
  transportProtocol?: string;
  /** Separated by commas; the chain has all of them. */
  applicationProtocols?: string;
  destinationPort?: number;
  filter?: { name?: string; subFilter?: { name?: string } };
}

export interface RouteConfigurationMatch {
  name?: string;
  /** Of the service, or of the Gateway's server. */
  portNumber?: number;
  /** Of the Gateway's server. */
  portName?: string;
  /** `namespace/name` */
  gateway?: string;
  vhost?: {
    name?: string;
    domainName?: string;
    route?: { name?: string; action?: 'ANY' | 'ROUTE' | 'REDIRECT' | 'DIRECT_RESPONSE' };
  };
}

export interface ClusterMatch {
  /** Where it is there, nothing else counts. */
  name?: string;
  /** Of the service; of inbound clusters the port of the workload. */
  portNumber?: number;
  service?: string;
  subset?: string;
}
