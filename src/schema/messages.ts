// The shape of the Istio API messages, read once from schemas/istio-messages.json.
import shapes from '../../schemas/istio-messages.json' with { type: 'json' };

export interface FieldShape {
  /** camelCase name, as in YAML. */
  name: string;
  /** snake_case name, where it differs; the reference accepts it, too. */
  proto?: string;
  /** `string`, `bool`, `int32`, `uint32`, `double`, `enum`, `message`, `map`, … */
  type: string;
  /** Full name of the message or enum. */
  ref?: string;
  repeated?: boolean;
  /** What the keys of a map are, if not text. */
  key?: string;
  map?: FieldShape;
  oneof?: string;
}

const messages = shapes.messages as unknown as Record<string, FieldShape[]>;
export const enums = shapes.enums as unknown as Record<string, Record<string, number>>;

const indexed = new Map<string, Map<string, FieldShape>>();

/** Fields of a message by name in either spelling; undefined for messages outside of the Istio API. */
export function fieldsOf(message: string): Map<string, FieldShape> | undefined {
  let fields = indexed.get(message);
  if (!fields && messages[message]) {
    fields = new Map();
    for (const field of messages[message]) {
      fields.set(field.name, field);
      if (field.proto) fields.set(field.proto, field);
    }
    indexed.set(message, fields);
  }
  return fields;
}

const networking = 'istio.networking.v1alpha3';

/** The message that is the `spec` of a kind. */
export const specMessage: Readonly<Record<string, string>> = {
  DestinationRule: `${networking}.DestinationRule`,
  EnvoyFilter: `${networking}.EnvoyFilter`,
  Gateway: `${networking}.Gateway`,
  ServiceEntry: `${networking}.ServiceEntry`,
  Sidecar: `${networking}.Sidecar`,
  VirtualService: `${networking}.VirtualService`,
  WorkloadEntry: `${networking}.WorkloadEntry`,
  WorkloadGroup: `${networking}.WorkloadGroup`,
  ProxyConfig: 'istio.networking.v1beta1.ProxyConfig',
  AuthorizationPolicy: 'istio.security.v1beta1.AuthorizationPolicy',
  PeerAuthentication: 'istio.security.v1beta1.PeerAuthentication',
  RequestAuthentication: 'istio.security.v1beta1.RequestAuthentication',
  Telemetry: 'istio.telemetry.v1alpha1.Telemetry',
  WasmPlugin: 'istio.extensions.v1alpha1.WasmPlugin',
  MeshConfig: 'istio.mesh.v1alpha1.MeshConfig',
  MeshNetworks: 'istio.mesh.v1alpha1.MeshNetworks',
};
