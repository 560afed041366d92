// The secrets of a control plane as resources: for each proxy those that its table names.
import type { ProxyIdentity, RoutingTable } from '../../ir/table.ts';
import { type SecretReference, secretReferences } from '../secret-references.ts';
import { pairSecret, rootsSecret, type SecretContent } from '../secrets.ts';
import { typeUrls } from '../type-urls.ts';
import type { Encode } from './envoy-sources.ts';
import type { Source } from './resource-sets.ts';

export interface SecretSource {
  /**
   * A Secret that the table of a proxy names; the same object for as long as it does not change. Undefined: it is not there, or not for
   * this proxy.
   *
   * @param name `NAMESPACE/NAME`
   */
  find(name: string, proxy: ProxyIdentity): SecretContent | undefined;
  /** Whether it is not known yet what there is in this namespace: it is asked for, and `changed()` comes when it is. */
  isComing(name: string, proxy: ProxyIdentity): boolean;
  /** There is nothing of what this table needs. May come often. */
  missing?(reference: SecretReference, proxy: ProxyIdentity): void;
}

const rootsSuffix = /-cacert$/;

export function secretSources(table: RoutingTable, secrets: SecretSource, encode: Encode): Source[] {
  return secretReferences(table).flatMap((reference) => {
    const found = contentOf(reference, (name) => secrets.find(name, table.proxy));
    if (!found) {
      secrets.missing?.(reference, table.proxy);
      return [];
    }
    const { resource: name } = reference;
    const { pair, roots = '', crl } = found;
    if (reference.what === 'pair' && pair) return [{ name, of: found, encode: () => encode(typeUrls.secret, pairSecret(name, pair)) }];
    const json = rootsSecret(name, { roots, ...(crl === undefined ? {} : { crl }) });
    return [{ name, of: rootsIn(found), encode: () => encode(typeUrls.secret, json) }];
  });
}

/** One Secret may be asked for as both under one name, by two proxies. */
const rootsObjects = new WeakMap<SecretContent, object>();

function rootsIn(content: SecretContent): object {
  const known = rootsObjects.get(content) ?? {};
  rootsObjects.set(content, known);
  return known;
}

/** Whether something that the table names may come soon. */
export function areSecretsComing(table: RoutingTable, secrets: SecretSource): boolean {
  // All are asked: each may have to be begun with.
  return secretReferences(table).filter(({ secret }) => secrets.isComing(secret, table.proxy)).length > 0;
}

/** Undefined where it has nothing of the kind. Roots are in a Secret of their own, else in that of the certificate. */
function contentOf({ secret, what }: SecretReference, find: (name: string) => SecretContent | undefined): SecretContent | undefined {
  const found = find(secret);
  if (what === 'pair') return found?.pair ? found : undefined;
  if (found?.roots) return found;
  const other = rootsSuffix.test(secret) ? find(secret.replace(rootsSuffix, '')) : undefined;
  return other?.roots ? other : undefined;
}
