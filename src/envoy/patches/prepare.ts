// Patches made ready for use: their values as messages of Envoy, and what is wrong with them.
import type { EnvoyPatch, PatchTarget } from '../../ir/envoy-patch.ts';
import type { JsonObject, TypedJson } from '../json.ts';
import { loadEnvoyApi } from '../proto/api.ts';
import { EnvoyApiError } from '../proto/error.ts';
import { messageName } from '../proto/messages.ts';
import { typeUrls } from '../type-urls.ts';
import { extensionConfigs, withExtension } from './extensions.ts';
import { normaliseValue } from './normalise.ts';
import { type PatchProblem, problemAt } from './problem.ts';

export interface PreparedPatch {
  patch: EnvoyPatch;
  /** Empty for REMOVE. */
  value: JsonObject;
}

export interface PreparedPatches {
  byTarget: ReadonlyMap<PatchTarget, readonly PreparedPatch[]>;
  /** Of the values. */
  problems: readonly PatchProblem[];
}

/** Messages that values become. */
export const messages: Readonly<Record<PatchTarget, string>> = {
  LISTENER: messageName(typeUrls.listener),
  LISTENER_FILTER: 'envoy.config.listener.v3.ListenerFilter',
  FILTER_CHAIN: 'envoy.config.listener.v3.FilterChain',
  NETWORK_FILTER: 'envoy.config.listener.v3.Filter',
  HTTP_FILTER: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter',
  ROUTE_CONFIGURATION: messageName(typeUrls.routes),
  VIRTUAL_HOST: messageName(typeUrls.virtualHost),
  HTTP_ROUTE: 'envoy.config.route.v3.Route',
  CLUSTER: messageName(typeUrls.cluster),
  EXTENSION_CONFIG: 'envoy.config.core.v3.TypedExtensionConfig',
  BOOTSTRAP: 'envoy.config.bootstrap.v3.Bootstrap',
};

export function preparePatches(patches: readonly EnvoyPatch[]): PreparedPatches {
  const problems: PatchProblem[] = [];
  const prepared = patches.flatMap((patch): PreparedPatch[] => {
    if (patch.operation === 'REMOVE') return [{ patch, value: {} }];
    const { value, problems: found } = normaliseValue(messages[patch.applyTo], patch.value);
    problems.push(...found.map(({ path, reason, message }) => problemAt(patch, reason, message, path)));
    const problem = value && encodingProblem(messages[patch.applyTo], value);
    if (problem) problems.push(problemAt(patch, 'invalid-value', `the value is no ${messages[patch.applyTo]}: ${problem}`));
    return value && !problem ? [{ patch, value }] : [];
  });
  const byTarget = Map.groupBy(prepared, ({ patch }) => patch.applyTo);
  const extensions = extensionConfigs(byTarget.get('EXTENSION_CONFIG') ?? [], problems);
  const filters = byTarget.get('HTTP_FILTER')?.map((one) => ({ ...one, value: withExtension(one, extensions, problems) }));
  if (filters) byTarget.set('HTTP_FILTER', filters);
  return { byTarget, problems };
}

/** A value as a resource of its own. */
export function asResource(typeUrl: string, value: JsonObject): TypedJson {
  return { '@type': typeUrl, ...value };
}

/** What bytes cannot hold, in whatever depth: texts that are no base64, times that are none. */
function encodingProblem(type: string, value: JsonObject): string | undefined {
  try {
    loadEnvoyApi().encode(type, value);
    return undefined;
  } catch (error) {
    if (error instanceof EnvoyApiError) return error.message;
    throw error;
  }
}
