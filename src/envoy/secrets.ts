// Where Envoy gets certificates from that are not in its configuration.
import { defined, type JsonObject } from './json.ts';
import type { EnvoyOptions, OwnSecretNames } from './options.ts';

/**
 * A secret of the agent beside the proxy: `default`, the certificate of the workload; `ROOTCA`, the roots that those of its peers are
 * signed by; `file-cert:CERTIFICATE~KEY` and `file-root:FILE`, which it reads again when they change.
 */
export function agentSecret(name: string): JsonObject {
  // Without certificates of the mesh there is nothing to serve. A file may be missing, and then only what is for it is not served.
  const waitedFor = !name.startsWith('file-');
  return {
    name,
    sds_config: defined({
      ...streamFrom(agentCluster),
      initial_fetch_timeout: waitedFor ? '0s' : undefined,
    }),
  };
}

/** The agent beside the proxy, and whoever has started it. */
export const agentCluster = 'sds-grpc';
export const ownCluster = 'secrets-grpc';

/** One that whoever runs the proxy has, so that it is there at once. */
function ownSecret(name: string): JsonObject {
  return { name, sds_config: streamFrom(ownCluster) };
}

function streamFrom(cluster: string): JsonObject {
  return {
    api_config_source: {
      api_type: 'GRPC',
      grpc_services: [{ envoy_grpc: { cluster_name: cluster } }],
      set_node_on_first_message_only: true,
      transport_api_version: 'V3',
    },
    resource_api_version: 'V3',
  };
}

/** A secret that the control plane reads: `kubernetes://<name>`. It is not waited for without an end: its name may be wrong. */
export function controlPlaneSecret(credential: string): JsonObject {
  return { name: controlPlaneName(credential), sds_config: { ads: {}, resource_api_version: 'V3' } };
}

export function controlPlaneName(credential: string): string {
  return /^[a-z-]+:\/\//.test(credential) ? credential : `kubernetes://${credential}`;
}

/** Of the roots that go with a certificate. */
export const rootsCredential = (credential: string): string => `${credential}-cacert`;

type Secrets = Pick<EnvoyOptions, 'secrets'>;

/** The certificate of a Secret that a rule names; undefined: it is not to be had. */
export function certificateOf(credential: string, options: Secrets): JsonObject | undefined {
  return named(options, credential, (own) => own.pair(credential));
}

/** The same of roots that are in a Secret for them alone. */
export function rootsOf(credential: string, options: Secrets): JsonObject | undefined {
  return named(options, credential, (own) => own.roots(credential));
}

/** The same of roots that go with a certificate. */
export function rootsBeside(credential: string, options: Secrets): JsonObject | undefined {
  return named(options, rootsCredential(credential), (own) => own.rootsBeside(credential));
}

function named({ secrets = 'none' }: Secrets, ofControlPlane: string, ofOwn: (own: OwnSecretNames) => string | undefined): JsonObject | undefined {
  if (secrets === 'none') return undefined;
  if (secrets === 'ads') return controlPlaneSecret(ofControlPlane);
  const name = ofOwn(secrets);
  return name === undefined ? undefined : ownSecret(name);
}

/** What a secret has; PEM. */
export interface SecretContent {
  pair?: { certificateChain: string; privateKey: string };
  roots?: string;
  /** Certificates that are revoked. */
  crl?: string;
}

/** JSON of envoy.extensions.transport_sockets.tls.v3.Secret: a certificate with its key. */
export function pairSecret(name: string, { certificateChain, privateKey }: NonNullable<SecretContent['pair']>): JsonObject {
  return { name, tls_certificate: { certificate_chain: { inline_string: certificateChain }, private_key: { inline_string: privateKey } } };
}

/** The same: what certificates are judged by. */
export function rootsSecret(name: string, { roots, crl }: { roots: string; crl?: string }): JsonObject {
  return { name, validation_context: { trusted_ca: { inline_string: roots }, ...(crl === undefined ? {} : { crl: { inline_string: crl } }) } };
}
