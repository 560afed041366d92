// What a proxy asks for when it has taken a resource. It asks some time after its acknowledgement, and has all only when it has that, too.
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import { typeUrls } from '../type-urls.ts';

/** By type: the one of the resources that its own refer to. */
export const referredType: Readonly<Record<string, string>> = {
  [typeUrls.cluster]: typeUrls.endpoints,
  [typeUrls.listener]: typeUrls.routes,
  [typeUrls.routes]: typeUrls.virtualHost,
};

/**
 * Names that a resource refers to, as far as they are had from this control plane: endpoints of a cluster, route configurations of a
 * listener. A route configuration whose virtual hosts come one by one refers to itself, as these are asked for by its name.
 */
export function referencesOf(typeUrl: string, json: JsonObject): readonly string[] {
  if (typeUrl === typeUrls.cluster) {
    const config = json.eds_cluster_config;
    return isObject(config) && isFromHere(config.eds_config) ? [String(config.service_name || json.name)] : none;
  }
  if (typeUrl === typeUrls.listener) return [...new Set(routesIn(json))];
  if (typeUrl === typeUrls.routes) return isObject(json.vhds) && isFromHere(json.vhds.config_source) ? [String(json.name)] : none;
  return none;
}

/** Names of the Secrets that a resource refers to, as far as they are had from this control plane. Those of its filters do not count: when they are asked for is theirs to say. */
export function secretsOf(typeUrl: string, json: JsonObject): readonly string[] {
  if (typeUrl === typeUrls.cluster) return [...new Set([...secretsIn(json.transport_socket), ...secretsIn(json.transport_socket_matches)])];
  if (typeUrl !== typeUrls.listener) return none;
  const chains = [...(Array.isArray(json.filter_chains) ? json.filter_chains : []), json.default_filter_chain];
  return [...new Set(chains.flatMap((chain) => (isObject(chain) ? [...secretsIn(chain.transport_socket)] : [])))];
}

const none: readonly string[] = [];

function isFromHere(source: JsonValue | undefined): boolean {
  return isObject(source) && source.ads !== undefined;
}

function* routesIn(value: JsonValue | undefined): Generator<string> {
  if (Array.isArray(value)) for (const one of value) yield* routesIn(one);
  if (!isObject(value)) return;
  const { rds } = value;
  if (isObject(rds) && isFromHere(rds.config_source)) yield String(rds.route_config_name);
  for (const one of Object.values(value)) if (typeof one === 'object') yield* routesIn(one);
}

function* secretsIn(value: JsonValue | undefined): Generator<string> {
  if (Array.isArray(value)) for (const one of value) yield* secretsIn(one);
  if (!isObject(value)) return;
  if (typeof value.name === 'string' && isFromHere(value.sds_config)) yield value.name;
  for (const one of Object.values(value)) if (typeof one === 'object') yield* secretsIn(one);
}
