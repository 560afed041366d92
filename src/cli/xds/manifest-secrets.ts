// The Secrets among the manifests, for the proxies whose tables name them.
import { mayNameSecret, splitSecretName } from '../../controller/secrets/secret-rights.ts';
import type { SecretSource } from '../../envoy/xds/proxy-secrets.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { NamedCredentials } from '../../proxy/tls/credentials.ts';
import { usageError } from '../exit.ts';
import { credentialsOf } from '../proxy/secrets.ts';

export class ManifestSecrets implements SecretSource {
  private readonly mesh: () => Mesh;
  private readonly warn: (text: string) => void;
  /** By resource, which stays the same object as long as nothing changes in it. */
  private readonly read = new WeakMap<Resource, NamedCredentials | 'none'>();

  /** @param warn what is wrong with a Secret, once, with nothing of what is in it */
  constructor(mesh: () => Mesh, warn: (text: string) => void) {
    this.mesh = mesh;
    this.warn = warn;
  }

  find(secret: string, proxy: ProxyIdentity): NamedCredentials | undefined {
    const { namespace, name } = splitSecretName(secret);
    const mesh = this.mesh();
    const resource = mayNameSecret(mesh, { namespace, name }, proxy) ? mesh.find('Secret', namespace, name) : undefined;
    if (!resource) return undefined;
    const known = this.read.get(resource) ?? this.readOnce(resource);
    return known === 'none' ? undefined : known;
  }

  isComing(): boolean {
    return false;
  }

  private readOnce(resource: Resource): NamedCredentials | 'none' {
    const made = credentialsOf(resource);
    for (const problem of made?.problems ?? []) this.warn(`Secret ${resource.fullName}: ${problem}`);
    const found = made?.credentials ?? 'none';
    this.read.set(resource, found);
    return found;
  }
}

/** @throws CliError (usage) where there are private keys among the manifests, and others could ask for them */
export function refuseKeysForAll(mesh: Mesh, address: string): void {
  const [first, ...more] = mesh.list('Secret').filter((secret) => credentialsOf(secret)?.credentials.pair);
  if (!first) return;
  const others = more.length > 0 ? ` and ${more.length} more` : '';
  throw usageError(
    `--address ${address} can be reached from other machines, in plain text, and the manifests have private keys: Secret ${first.fullName}${others}`,
    'Serve on 127.0.0.1 or unix:PATH, or leave the Secrets out of the manifests.',
  );
}
