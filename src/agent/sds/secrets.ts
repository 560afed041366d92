// What Envoy asks its agent for by name, as its own messages (MAP-R70): `default`, `ROOTCA`, files, and Secrets.
import type { JsonObject } from '../../envoy/json.ts';
import { pairSecret, rootsSecret } from '../../envoy/secrets.ts';
import { namedFiles } from '../../proxy/tls/credential-names.ts';
import type { Credentials } from '../../proxy/tls/credentials.ts';
import { ownSecretOf } from './own-secrets.ts';

/** Certificate of the workload, and the roots of the mesh. */
const ownName = 'default';
const meshRootsName = 'ROOTCA';

/** JSON of envoy.extensions.transport_sockets.tls.v3.Secret; undefined: it is not there (yet). */
export function secretOf(name: string, credentials: Credentials): JsonObject | undefined {
  const workload = credentials.workload();
  if (name === ownName) return workload && pairSecret(name, workload);
  if (name === meshRootsName) return workload && rootsSecret(name, { roots: workload.roots });
  const own = ownSecretOf(name);
  if (!own && !namedFiles(name)) return undefined;
  const { pair, roots, crl } = credentials.named(own?.secret ?? name) ?? {};
  if (pair && own?.what !== 'roots') return pairSecret(name, pair);
  if (roots === undefined || own?.what === 'pair') return undefined;
  return rootsSecret(name, crl === undefined ? { roots } : { roots, crl });
}
