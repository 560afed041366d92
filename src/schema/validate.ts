import type { Resource } from '../manifest/resource.ts';
import { checkMetadata } from './semantic/metadata.ts';
import { ProblemSink, type SchemaProblem, type Validator } from './semantic/validator.ts';

// biome-ignore lint/suspicious/noExplicitAny: each loader yields the validator of its own kind's spec
const loaders: Readonly<Record<string, () => Promise<Validator<any>>>> = {
  AuthorizationPolicy: async () => (await import('./semantic/authorization-policy.ts')).validateAuthorizationPolicy,
  DestinationRule: async () => (await import('./semantic/destination-rule.ts')).validateDestinationRule,
  EnvoyFilter: async () => (await import('./semantic/envoy-filter.ts')).validateEnvoyFilter,
  Gateway: async () => (await import('./semantic/gateway.ts')).validateGateway,
  MeshConfig: async () => (await import('./semantic/mesh-config.ts')).validateMeshConfig,
  MeshNetworks: async () => (await import('./semantic/mesh-networks.ts')).validateMeshNetworks,
  PeerAuthentication: async () => (await import('./semantic/peer-authentication.ts')).validatePeerAuthentication,
  ProxyConfig: async () => (await import('./semantic/proxy-config.ts')).validateProxyConfig,
  RequestAuthentication: async () => (await import('./semantic/request-authentication.ts')).validateRequestAuthentication,
  ServiceEntry: async () => (await import('./semantic/service-entry.ts')).validateServiceEntry,
  Sidecar: async () => (await import('./semantic/sidecar.ts')).validateSidecar,
  Telemetry: async () => (await import('./semantic/telemetry.ts')).validateTelemetry,
  VirtualService: async () => (await import('./semantic/virtual-service.ts')).validateVirtualService,
  WasmPlugin: async () => (await import('./semantic/wasm-plugin.ts')).validateWasmPlugin,
  WorkloadEntry: async () => (await import('./semantic/workload-entry.ts')).validateWorkloadEntry,
  WorkloadGroup: async () => (await import('./semantic/workload-group.ts')).validateWorkloadGroup,
};

const meshKinds: ReadonlySet<string> = new Set(['MeshConfig', 'MeshNetworks']);

/** Checks the spec of one decoded resource against the rules of its kind (spec/analyze/validation.md). */
export type Validate = (resource: Resource) => SchemaProblem[];

/**
 * Loads the semantic validators of the kinds given; other kinds have no rules.
 *
 * @param metadata rules about labels and annotations apply, too
 */
export async function loadValidators(kinds: Iterable<string>, metadata: boolean): Promise<Validate> {
  const validators = new Map<string, Validator<unknown>>();
  await Promise.all(
    [...new Set(kinds)].map(async (kind) => {
      const loader = loaders[kind];
      if (loader) validators.set(kind, await loader());
    }),
  );
  return (resource) => {
    const validator = validators.get(resource.kindName);
    if (!validator) return [];
    // The mesh configuration is written without metadata around it.
    const sink = new ProblemSink(meshKinds.has(resource.kindName) ? [] : ['spec']);
    const { kindName, name, namespace, labels, annotations } = resource;
    const target = { kindName, name, namespace, labels, annotations, metadata };
    if (metadata) checkMetadata(new ProblemSink([], sink.problems), target, resource.spec as { action?: string });
    validator(resource.spec, sink, target);
    return sink.problems;
  };
}
