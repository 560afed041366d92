// Configurations of filters that EnvoyFilters keep apart from the filters (EXTENSION_CONFIG). Envoy would fetch them from the control
// plane that it has the filters from; they are put where they are named instead, which needs no fetching.
import { isObject, type JsonObject } from '../json.ts';
import { messageName } from '../proto/messages.ts';
import { objectAt } from './match.ts';
import type { PreparedPatch } from './prepare.ts';
import { type PatchProblem, problemAt } from './problem.ts';

/** Configurations by name: the first that is added, or the last that replaces it. */
export function extensionConfigs(patches: readonly PreparedPatch[], problems: PatchProblem[]): ReadonlyMap<string, JsonObject> {
  const configs = new Map<string, JsonObject>();
  for (const { patch, value } of patches) {
    const { name, typed_config: config } = value;
    if (typeof name !== 'string' || !isObject(config)) {
      problems.push(problemAt(patch, 'invalid-value', 'an extension configuration needs a name and typed_config'));
      continue;
    }
    if (patch.operation === 'REPLACE') {
      if (configs.has(name)) configs.set(name, config);
      else problems.push(problemAt(patch, 'no-effect', `there is no extension configuration ${name} to be replaced`));
    } else if (!configs.has(name)) configs.set(name, config);
    else
      problems.push(problemAt(patch, 'duplicate-name', `there is an extension configuration ${name} already, which stays: REPLACE puts another in its place`));
  }
  return configs;
}

/** Names of the control plane among the clusters. */
const controlPlanes: ReadonlySet<unknown> = new Set(['xds-grpc']);

/** The value of a filter's patch with the configuration that it names. */
export function withExtension({ patch, value }: PreparedPatch, configs: ReadonlyMap<string, JsonObject>, problems: PatchProblem[]): JsonObject {
  const discovery = objectAt(value, 'config_discovery');
  if (!discovery) return value;
  const name = String(value.name ?? '');
  const config = configs.get(name);
  if (!config) {
    if (isFromControlPlane(discovery))
      problems.push(problemAt(patch, 'no-effect', `no EXTENSION_CONFIG has the configuration of ${name}`, ['config_discovery']));
    return value;
  }
  const type = messageName(String(config['@type']));
  const types = Array.isArray(discovery.type_urls) ? discovery.type_urls.map((url) => messageName(String(url))) : [];
  if (types.length > 0 && !types.includes(type)) {
    problems.push(problemAt(patch, 'type-mismatch', `the configuration ${name} is of type ${type}, which type_urls does not list`, ['config_discovery']));
    return value;
  }
  const { config_discovery: _, ...rest } = value;
  return { ...rest, typed_config: config };
}

function isFromControlPlane(discovery: JsonObject): boolean {
  const source = objectAt(discovery, 'config_source');
  if (objectAt(source, 'ads') || objectAt(source, 'self')) return true;
  const services = objectAt(source, 'api_config_source')?.grpc_services;
  return Array.isArray(services) && services.some((service) => controlPlanes.has(objectAt(service, 'envoy_grpc')?.cluster_name));
}
