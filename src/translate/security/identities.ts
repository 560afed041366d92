// Who asks, by the name in its certificate: `spiffe://TRUST DOMAIN/ns/NAMESPACE/sa/SERVICE ACCOUNT` (SEC-R24).
import type { TextMatcher } from '../../ir/authorization.ts';
import { spiffeScheme as scheme } from '../../model/principal.ts';
import { literal, notEmpty } from './value-matchers.ts';

/** Stands for the trust domain of the mesh, whatever that is. */
const anyLocalDomain = 'cluster.local';

/** `cluster.local/ns/shop/sa/cart`, with a `*` at one end; `*` is everybody who has a certificate. */
export function principalMatcher(value: string): TextMatcher {
  if (value === '*') return notEmpty;
  if (value.startsWith('*')) return { kind: 'regex', value: `${scheme}.*${literal(value.slice(1))}` };
  if (value.endsWith('*')) return { kind: 'prefix', value: scheme + value.slice(0, -1) };
  return { kind: 'exact', value: scheme + value };
}

/** A namespace, with a `*` anywhere in it for any text. */
export function namespaceMatcher(value: string): TextMatcher {
  return { kind: 'regex', value: `.*/ns/${value.split('*').map(literal).join('.*')}/.*` };
}

/** `account` of the policy's namespace, or `namespace/account`; other pairs of the name may stand around them. */
export function serviceAccountMatcher(value: string, policyNamespace: string): TextMatcher {
  const slash = value.indexOf('/');
  const namespace = slash < 0 ? policyNamespace : value.slice(0, slash);
  return { kind: 'regex', value: `${scheme}.+/ns/${literal(namespace)}/(.+/|)sa/${literal(value.slice(slash + 1))}(/.+)?` };
}

/**
 * A principal under all names of the mesh, where its trust domain is one of them; any other one as it is.
 *
 * @param domains of the mesh: its own, then its aliases
 */
export function inAllTrustDomains(principal: string, domains: readonly string[]): string[] {
  const [domain = '', ...rest] = principal.split('/');
  if (rest.length !== 4 || domain === '*') return [principal];
  const covers = (own: string): boolean => own === domain || (domain.startsWith('*') && own.endsWith(domain.slice(1)));
  if (domain !== anyLocalDomain && !domains.some(covers)) return [principal];
  return [...new Set(domains.map((own) => (covers(own) ? principal : [own, ...rest].join('/'))))];
}
