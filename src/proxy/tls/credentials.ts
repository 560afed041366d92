// Certificates and keys that a data plane has: its own, and those that Gateways and DestinationRules name.

/** PEM. */
export interface KeyPair {
  /** The certificate, and what leads from it to a root. */
  certificateChain: string;
  privateKey: string;
}

/** Who this proxy is for others of the mesh. */
export interface WorkloadCredentials extends KeyPair {
  /** `spiffe://cluster.local/ns/shop/sa/cart`, as in the certificate. */
  spiffeId: string;
  /** PEM; by which peers are judged. */
  roots: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** Of a Secret, or of files, by the name that a Gateway or DestinationRule has for it. */
export interface NamedCredentials {
  /** Absent: it only has roots. */
  pair?: KeyPair;
  /** PEM; of clients or servers. */
  roots?: string;
  /** PEM; certificates that are revoked. */
  crl?: string;
}

/** What there is now; it changes while the proxy runs. */
export interface Credentials {
  /** Undefined: this proxy has no identity (yet), and speaks no mTLS. */
  workload(): WorkloadCredentials | undefined;
  /** @param name as in `credential-names.ts` */
  named(name: string): NamedCredentials | undefined;
  /** Called after every change. @returns takes it back */
  onChange(listener: () => void): () => void;
}
