import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/**
 * Who vouches for servers outside of the mesh: the authorities of the system (where it has none, those that Node comes with), those of
 * NODE_EXTRA_CA_CERTS, and further ones. Read at the first use.
 *
 * @param more PEM
 */
export function trustedRoots(more: readonly string[] = []): () => SecureContext {
  let context: SecureContext | undefined;
  return () => {
    if (context === undefined) {
      const system = getCACertificates('system');
      const known = system.length > 0 ? system : getCACertificates('bundled');
      context = createSecureContext({ ca: [...new Set([...known, ...getCACertificates('extra'), ...more])] });
    }
    return context;
  };
}
