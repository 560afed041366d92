/** A certificate and its private key, both as PEM; the key as PKCS #8. */
export interface KeyPair {
  certificate: string;
  key: string;
}

const day = 24 * 60 * 60 * 1000;

/** Ten years: nobody but the webhooks of this control plane trusts it. */
export const authorityLifetimeMs = 3650 * day;
export const servingLifetimeMs = 90 * day;

/** Certificates begin to be valid so much before they are made: clocks differ. */
export const backdatedMs = 60 * 60 * 1000;
