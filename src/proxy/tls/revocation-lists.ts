/**
 * Each list of revoked certificates apart, since Node reads only the first one of a text: where there is one for an authority, there
 * have to be those of all others between a certificate and its root.
 *
 * @param pem without one in it: itself, for Node to say that it is none
 */
export function revocationLists(pem: string): string[] {
  return pem.match(/-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g) ?? [pem];
}
