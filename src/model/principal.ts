import type { MeshConfig } from '../manifest/istio/mesh.gen.ts';

/** What an authorization policy says of a caller's identity: a service account in a namespace. */
export interface Identity {
  namespace: string;
  /** Of an account whose name begins with it, when `prefix` is set. */
  account: string;
  prefix: boolean;
}

/** What Istio puts in front of a principal by itself. */
export const spiffeScheme = 'spiffe://';

/** As a certificate names a workload: `spiffe://cluster.local/ns/shop/sa/cart`. */
export function spiffeIdOf(trustDomain: string, { namespace, serviceAccount }: { namespace: string; serviceAccount: string }): string {
  return `${spiffeScheme}${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/**
 * The identity that a principal stands for: `cluster.local/ns/shop/sa/cart`, or with `*` at one end (SEC-R24).
 *
 * @returns undefined for what names no namespace, for other forms of SPIFFE identities, and for identities of other meshes
 */
export function parsePrincipal(value: string, meshConfig: MeshConfig): Identity | undefined {
  const parts = /^(?:(\*.*|[^/*]+)\/|\*)ns\/([^/*]+)\/(?:sa\/([^/*]*))?(\*?)$/.exec(value);
  if (!parts) return undefined;
  const [, trustDomain = '*', namespace, account = '', star] = parts;
  // A wildcard at the beginning leaves no other: a second one is a letter.
  if (trustDomain.startsWith('*') ? star === '*' || account === '' : !isOwn(trustDomain, meshConfig)) return undefined;
  if (star !== '*' && account === '') return undefined;
  return { namespace: namespace as string, account, prefix: star === '*' };
}

/** `cart` in the namespace of the policy, or `shop/cart` (SEC-R24). */
export function parseServiceAccount(value: string, namespace: string): Identity {
  const slash = value.indexOf('/');
  return { namespace: slash < 0 ? namespace : value.slice(0, slash), account: value.slice(slash + 1), prefix: false };
}

/** Istio takes `cluster.local` for the mesh's own trust domain, whatever that is. */
function isOwn(trustDomain: string, { trustDomain: own, trustDomainAliases = [] }: MeshConfig): boolean {
  return trustDomain === own || trustDomain === 'cluster.local' || trustDomainAliases.includes(trustDomain);
}
