/** The part of JSON Schema that the schemas of Kubernetes use. */
export interface JsonSchema {
  $schema?: string;
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: JsonSchema;
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  not?: JsonSchema;
  default?: unknown;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-validations'?: Rule[];
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
}

/** A CEL rule about the value it is written beside. */
export interface Rule {
  rule: string;
  /** The field that it is about, where that is not the value itself: `.spec.name`. */
  fieldPath?: string;
  /** What the API server says when it is broken. */
  message?: string;
}

/** Where the schema of one kind came from, and what it says of everything but apiVersion, kind, metadata and status. */
export interface KindSchema {
  /** `istio`, `gateway-api` or `kubernetes`: the folder of its file. */
  family: string;
  kind: string;
  group: string;
  version: string;
  schema: JsonSchema;
}

/** Calls back with every schema that is directly part of this one. */
export function mapChildren(schema: JsonSchema, map: (child: JsonSchema, name: string) => JsonSchema): JsonSchema {
  const out: JsonSchema = { ...schema };
  if (schema.properties) out.properties = Object.fromEntries(Object.entries(schema.properties).map(([name, child]) => [name, map(child, name)]));
  if (schema.items) out.items = map(schema.items, 'item');
  if (schema.additionalProperties) out.additionalProperties = map(schema.additionalProperties, 'value');
  return out;
}
