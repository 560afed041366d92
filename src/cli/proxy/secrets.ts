import { mayNameSecret } from '../../controller/secrets/secret-rights.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { decodedData } from '../../kube/secret-data.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { credentialNames } from '../../proxy/tls/credential-names.ts';
import type { NamedCredentials } from '../../proxy/tls/credentials.ts';
import { secretCredentials } from '../../proxy/tls/secrets.ts';
import { originText } from './statuses.ts';

export interface MeshSecrets {
  /** By `NAMESPACE/NAME`. */
  named: Record<string, NamedCredentials>;
  /** What is wrong with them: a line each, with the place, and with nothing of what is in them. */
  problems: string[];
}

/**
 * Certificates and keys of the Secrets among the manifests that are for a proxy: as in a cluster those of its namespace, and those that a
 * ReferenceGrant gives to Gateways there.
 */
export function meshSecrets(mesh: Mesh, table: Pick<RoutingTable, 'listeners' | 'clusters' | 'proxy'>): MeshSecrets {
  const { proxy } = table;
  const asked = new Set(credentialNames(table));
  const found: MeshSecrets = { named: {}, problems: [] };
  for (const secret of mesh.list('Secret')) {
    const { namespace, name, fullName } = secret;
    const made = credentialsOf(secret);
    if (!made) continue;
    const place = originText({ kind: 'Secret', namespace, name, path: [] }, mesh);
    if (mayNameSecret(mesh, { namespace, name }, proxy)) {
      found.named[fullName] = made.credentials;
      for (const problem of made.problems) found.problems.push(`${place}: ${problem}`);
    } else if (asked.has(fullName)) {
      found.problems.push(`${place}: it is not given to gateways of namespace ${proxy.namespace}: no ReferenceGrant in ${namespace} is for them`);
    }
  }
  return found;
}

/** Undefined for one without anything for TLS. */
export function credentialsOf({ raw }: Pick<Resource, 'raw'>): ReturnType<typeof secretCredentials> {
  return secretCredentials({ ...decodedData(raw.data), ...texts(raw.stringData) });
}

function texts(data: unknown): Record<string, string> {
  if (typeof data !== 'object' || data === null) return {};
  return Object.fromEntries(Object.entries(data).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
