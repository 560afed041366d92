// What Envoy asks its agent for by name, as its own messages (MAP-R70): `default`, `ROOTCA`, and files.
import type { JsonObject } from '../../envoy/json.ts';
import { namedFiles } from '../../proxy/tls/credential-names.ts';
import type { Credentials, KeyPair, NamedCredentials } from '../../proxy/tls/credentials.ts';

/** Certificate of the workload, and the roots of the mesh. */
const workloadSecret = 'default';
const rootsSecret = 'ROOTCA';

/** JSON of envoy.extensions.transport_sockets.tls.v3.Secret; undefined: it is not there (yet). */
export function secretOf(name: string, credentials: Credentials): JsonObject | undefined {
  const workload = credentials.workload();
  if (name === workloadSecret) return workload && certificate(name, workload);
  if (name === rootsSecret) return workload && validation(name, workload);
  if (!namedFiles(name)) return undefined;
  const found = credentials.named(name);
  return found && secretOfNamed(name, found);
}

/** Of a Secret or of files: the certificate where there is one, else the roots. */
export function secretOfNamed(name: string, { pair, roots, crl }: NamedCredentials): JsonObject | undefined {
  if (pair) return certificate(name, pair);
  return roots === undefined ? undefined : validation(name, { roots, ...(crl === undefined ? {} : { crl }) });
}

function certificate(name: string, { certificateChain, privateKey }: KeyPair): JsonObject {
  return { name, tls_certificate: { certificate_chain: { inline_string: certificateChain }, private_key: { inline_string: privateKey } } };
}

function validation(name: string, { roots, crl }: { roots: string; crl?: string }): JsonObject {
  return { name, validation_context: { trusted_ca: { inline_string: roots }, ...(crl === undefined ? {} : { crl: { inline_string: crl } }) } };
}
