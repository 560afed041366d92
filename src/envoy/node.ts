// Who a proxy is, in the words of the xDS protocol: the `node` of its first request, as istio-agent writes it.
import type { Locality, ProxyIdentity } from '../ir/table.ts';
import type { EnvoyOptions } from './options.ts';

export interface ProxyNode {
  /** `sidecar~<ip>~<name>.<namespace>~<namespace>.svc.cluster.local`; of a gateway `router~…`. */
  id: string;
  cluster: string;
  locality: Locality;
  /** As JSON. */
  metadata: Readonly<Record<string, unknown>>;
}

/** A proxy and what its configuration depends on beside the routing table. */
export interface NodeIdentity {
  identity: ProxyIdentity;
  options: EnvoyOptions;
}

const nodeTypes = { sidecar: 'sidecar', gateway: 'router' } as const;

/** Of a proxy whose address is not known. */
const unknownAddress = '127.0.0.1';

/** @param meshId of the mesh configuration; empty: none */
export function nodeOf({ identity, options }: NodeIdentity, meshId = ''): ProxyNode {
  const { role, namespace, name, labels, serviceAccount, locality, addresses } = identity;
  const application = labels['service.istio.io/canonical-name'] ?? labels.app ?? (name || 'proxy');
  return {
    id: `${nodeTypes[role]}~${addresses[0] ?? unknownAddress}~${name}.${namespace}~${namespace}.svc.cluster.local`,
    cluster: `${application}.${namespace}`,
    locality,
    metadata: {
      NAME: name,
      NAMESPACE: namespace,
      LABELS: labels,
      SERVICE_ACCOUNT: serviceAccount,
      INSTANCE_IPS: addresses.join(','),
      ...(meshId === '' ? {} : { MESH_ID: meshId }),
      WEFT_MESH_TLS: options.meshTls,
    },
  };
}

/**
 * The inverse of `nodeOf`, which takes what istio-agent sends, too.
 *
 * @returns `problem`: why the node is no proxy that there is configuration for
 */
export function identityOfNode({ id, locality, metadata }: ProxyNode): NodeIdentity | { problem: string } {
  const [type, address = '', own = '', domain, ...rest] = id.split('~');
  if (domain === undefined || rest.length > 0) return { problem: `node "${id}" is not TYPE~IP~NAME.NAMESPACE~DOMAIN` };
  const role = (Object.keys(nodeTypes) as ProxyIdentity['role'][]).find((key) => nodeTypes[key] === type);
  if (!role) return { problem: `node "${id}" is of type ${type}: there is configuration for ${Object.values(nodeTypes).join(' and ')} only` };
  // Names of pods have dots, too, namespaces have none.
  const dot = own.lastIndexOf('.');
  const namespace = text(metadata.NAMESPACE) ?? own.slice(dot + 1);
  if (namespace === '') return { problem: `node "${id}" names no namespace` };
  const labels = stringsOf(metadata.LABELS);
  const addresses = text(metadata.INSTANCE_IPS) ?? address;
  return {
    identity: {
      role,
      namespace,
      name: text(metadata.NAME) ?? (dot < 0 ? '' : own.slice(0, dot)),
      labels,
      serviceAccount: text(metadata.SERVICE_ACCOUNT) || 'default',
      locality: localityOf(locality, labels),
      addresses: addresses.split(',').filter((one) => one !== ''),
    },
    // Beside a proxy of Istio there is an agent that has certificates.
    options: { meshTls: metadata.WEFT_MESH_TLS === 'none' ? 'none' : 'sds' },
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function stringsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** What the proxy says, else its labels. */
function localityOf(locality: Locality, labels: Readonly<Record<string, string>>): Locality {
  if (locality.region !== '' || locality.zone !== '' || locality.subzone !== '') return locality;
  const [region = '', zone = '', subzone = ''] = (labels['istio-locality'] ?? '').split('.');
  if (region !== '') return { region, zone, subzone };
  return {
    region: labels['topology.kubernetes.io/region'] ?? '',
    zone: labels['topology.kubernetes.io/zone'] ?? '',
    subzone: labels['topology.istio.io/subzone'] ?? '',
  };
}
