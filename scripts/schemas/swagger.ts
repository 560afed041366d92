// Reads the schemas of the kinds of Kubernetes itself from the API's own description.
import { readFileSync } from 'node:fs';
import type { JsonSchema, KindSchema } from './json-schema.ts';

/** Kinds that weft reads, by the package of their types. */
const packages: Readonly<Record<string, { group: string; kinds: readonly string[] }>> = {
  'io.k8s.api.core.v1': { group: '', kinds: ['ConfigMap', 'Endpoints', 'Namespace', 'Node', 'Pod', 'Secret', 'Service', 'ServiceAccount'] },
  'io.k8s.api.apps.v1': { group: 'apps', kinds: ['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'] },
  'io.k8s.api.batch.v1': { group: 'batch', kinds: ['CronJob', 'Job'] },
  'io.k8s.api.discovery.v1': { group: 'discovery.k8s.io', kinds: ['EndpointSlice'] },
  'io.k8s.api.networking.v1': { group: 'networking.k8s.io', kinds: ['Ingress', 'IngressClass'] },
  'io.k8s.api.admissionregistration.v1': { group: 'admissionregistration.k8s.io', kinds: ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1': { group: 'apiextensions.k8s.io', kinds: ['CustomResourceDefinition'] },
};

/** What a mesh tool never looks into: only that it is a map is kept of these. */
const shallow = new RegExp(
  `\\.(?:${[
    '\\w*Status',
    '\\w*VolumeSource',
    '\\w*(?:Profile|Options|Claim|Gate|Handler)',
    'Affinity|Capabilities|EphemeralContainer|FileKeySelector|HostAlias|PersistentVolumeClaim|PodDNSConfig|PodOS|PodSchedulingGroup|Sysctl|TopologySpreadConstraint',
    'Container(?:ResizePolicy|RestartRule)|Lifecycle|NodeConfigSource|PodFailurePolicy|SuccessPolicy|VolumeDevice',
    'CustomResource(?:ColumnDefinition|Conversion|Subresources)|FieldsV1|JSONSchemaProps|ManagedFieldsEntry',
  ].join('|')})$`,
);

/** Values that the API's description leaves out, though the API refuses others. */
const enums: Readonly<Record<string, readonly string[]>> = {
  'core.v1.ServiceSpec.type': ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'],
  'core.v1.ServiceSpec.sessionAffinity': ['ClientIP', 'None'],
  'core.v1.ServiceSpec.externalTrafficPolicy': ['Cluster', 'Local'],
  'core.v1.ServiceSpec.internalTrafficPolicy': ['Cluster', 'Local'],
  'core.v1.ServicePort.protocol': ['SCTP', 'TCP', 'UDP'],
  'core.v1.ContainerPort.protocol': ['SCTP', 'TCP', 'UDP'],
  'core.v1.EndpointPort.protocol': ['SCTP', 'TCP', 'UDP'],
  'discovery.v1.EndpointPort.protocol': ['SCTP', 'TCP', 'UDP'],
  'discovery.v1.EndpointSlice.addressType': ['FQDN', 'IPv4', 'IPv6'],
};

/** Not marked as optional in the API's types, but accepted when it is missing. */
const optional = new Set(['discovery.v1.EndpointSlice.endpoints']);

const metaType = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Types that several kinds share, with files of their own. */
const ownFiles: Readonly<Record<string, string>> = { ObjectMeta: metaType, PodSpec: 'io.k8s.api.core.v1.PodSpec' };

export interface CoreSchemas {
  kinds: KindSchema[];
  /** By file name. */
  shared: Record<string, JsonSchema>;
}

export function readSwagger(file: string): CoreSchemas {
  const { definitions } = JSON.parse(readFileSync(file, 'utf8')) as { definitions: Record<string, JsonSchema> };
  const kinds: KindSchema[] = [];
  for (const [name, { group, kinds: names }] of Object.entries(packages)) {
    for (const kind of names) {
      const { apiVersion, kind: _, metadata, status, ...properties } = definitions[`${name}.${kind}`]?.properties ?? {};
      const schema = structureOf({ ...definitions[`${name}.${kind}`], properties }, `${name}.${kind}`);
      kinds.push({ family: 'kubernetes', kind, group, version: 'v1', schema });
    }
  }
  return { kinds, shared: Object.fromEntries(Object.entries(ownFiles).map(([name, type]) => [name, resolve(type)])) };

  function resolve(name: string): JsonSchema {
    const definition = definitions[name];
    if (!definition) throw new Error(`no definition ${name}`);
    if (name.endsWith('.IntOrString')) return { 'x-kubernetes-int-or-string': true };
    if (name.endsWith('.Quantity')) return { type: ['string', 'number'], format: 'quantity' };
    if (name.endsWith('.Time') || name.endsWith('.MicroTime')) return { type: 'string', format: 'date-time' };
    if (shallow.test(name)) return { type: 'object' };
    const schema = structureOf(definition, name);
    // Unknown fields of metadata are dropped without a word, everywhere.
    return name === metaType ? { ...schema, 'x-kubernetes-preserve-unknown-fields': true } : schema;
  }

  function structureOf(schema: JsonSchema, name: string): JsonSchema {
    if (schema.$ref) {
      const target = schema.$ref.slice('#/definitions/'.length);
      const own = Object.keys(ownFiles).find((name) => ownFiles[name] === target);
      return own === undefined ? resolve(target) : { $ref: `${own}.json` };
    }
    const { type, format, required, properties, items, additionalProperties } = schema;
    const out: JsonSchema = {};
    const short = name.replace(/^io\.k8s\.(?:api\.)?/, '');
    if (type) out.type = type;
    if (format) out.format = format;
    const demanded = required?.filter((field) => field in (properties ?? {}) && !optional.has(`${short}.${field}`));
    if (demanded && demanded.length > 0) out.required = demanded;
    if (properties) {
      out.type = 'object';
      out.properties = Object.fromEntries(Object.entries(properties).map(([field, child]) => [field, structureOf(child, `${name}.${field}`)]));
    }
    if (items) out.items = structureOf(items, name);
    if (typeof additionalProperties === 'object') out.additionalProperties = structureOf(additionalProperties, name);
    if (enums[short]) out.enum = [...enums[short]];
    return out;
  }
}
