import type { KeySource } from '../ir/authentication.ts';

/** What decides about Envoy's configuration beside the routing table. */
export interface EnvoyOptions {
  /**
   * Where the certificates of the mesh come from: `sds` from the agent beside the proxy (cluster `sds-grpc`, secrets `default` and
   * `ROOTCA`); `none`: there are none, so connections inside of the mesh are plain text.
   */
  meshTls: 'sds' | 'none';
  /**
   * Where secrets come from that rules name (`credentialName`): `ads` from the control plane, without which Envoy 1.40 crashes; an
   * object: from whoever runs the proxy; `none` (default): they are not to be had, so connections that need one fail.
   */
  secrets?: 'ads' | 'none' | OwnSecretNames;
  /** File with the certificates that the system trusts, for TLS to the outside; by default `/etc/ssl/certs/ca-certificates.crt`. */
  systemRoots?: string;
  /**
   * Whether a file with certificates or a key that a rule names is there. Envoy refuses its whole configuration where one is not, so
   * that instead connections that need one fail. By default all are. Not asked with `sds`, as then the agent reads them.
   */
  isReadable?: (file: string) => boolean;
  /**
   * Keys of an issuer (JWKS) that somebody beside the proxy has fetched, as Envoy fetches none itself; they go into the configuration,
   * which has to be made again when they change. Undefined, for a source or for all: the keys are not there, and tokens are refused.
   */
  jwks?: (source: FetchedKeys) => string | undefined;
}

/**
 * Secrets that whoever runs the proxy gives out (cluster `secrets-grpc`), by a `credentialName` as it is written: the name that what is in
 * one has to be asked for by. Undefined: it has nothing of the kind.
 */
export interface OwnSecretNames {
  /** A certificate with its key. */
  pair(credential: string): string | undefined;
  /** What certificates of others are judged by, in a Secret for that alone. */
  roots(credential: string): string | undefined;
  /** The same, in the Secret of a certificate, or in the one beside it (`-cacert`). */
  rootsBeside(credential: string): string | undefined;
}

/** Where keys are that are not in the configuration. */
export type FetchedKeys = Exclude<KeySource, { kind: 'inline' }>;
