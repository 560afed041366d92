import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { NamedCredentials } from '../../proxy/tls/credentials.ts';
import { secretCredentials } from '../../proxy/tls/secrets.ts';

export interface MeshSecrets {
  /** By `NAMESPACE/NAME`. */
  named: Record<string, NamedCredentials>;
  /** What is wrong with them: a line each, with nothing of what is in them. */
  problems: string[];
}

/** Certificates and keys of the Secrets among the manifests. */
export function meshSecrets(mesh: Mesh): MeshSecrets {
  const found: MeshSecrets = { named: {}, problems: [] };
  for (const secret of mesh.list('Secret')) {
    const { namespace, name } = secret;
    const made = credentialsOf(secret);
    if (!made) continue;
    found.named[`${namespace}/${name}`] = made.credentials;
    for (const problem of made.problems) found.problems.push(`Secret ${namespace}/${name}: ${problem}`);
  }
  return found;
}

/** Undefined for one without anything for TLS. */
export function credentialsOf({ raw }: Pick<Resource, 'raw'>): ReturnType<typeof secretCredentials> {
  return secretCredentials({ ...decoded(raw.data), ...texts(raw.stringData) });
}

function texts(data: unknown): Record<string, string> {
  if (typeof data !== 'object' || data === null) return {};
  return Object.fromEntries(Object.entries(data).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function decoded(data: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(texts(data)).map(([name, text]) => [name, Buffer.from(text, 'base64').toString('utf8')]));
}
