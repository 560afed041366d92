// Secrets of Kubernetes for an Envoy that has no control plane to ask: by names that say what of one is meant.
import type { OwnSecretNames } from '../../envoy/options.ts';
import { rootsOf, secretName } from '../../proxy/tls/credential-names.ts';
import type { Credentials } from '../../proxy/tls/credentials.ts';

const prefixes = { pair: 'secret-cert:', roots: 'secret-root:' } as const;

export interface OwnSecret {
  /** `NAMESPACE/NAME` */
  secret: string;
  what: keyof typeof prefixes;
}

/**
 * What an Envoy may be told of, in terms of what there is now.
 *
 * @param namespace of the proxy
 */
export function ownSecretNames(credentials: Pick<Credentials, 'named'>, namespace: string): OwnSecretNames {
  const has = (secret: string, what: OwnSecret['what']): boolean => (credentials.named(secret)?.[what] ?? '') !== '';
  const find = (what: OwnSecret['what'], ...secrets: string[]): string | undefined => {
    const found = secrets.find((secret) => has(secret, what));
    return found === undefined ? undefined : `${prefixes[what]}${found}`;
  };
  return {
    pair: (credential) => find('pair', secretName(credential, namespace)),
    roots: (credential) => find('roots', secretName(credential, namespace)),
    rootsBeside(credential) {
      const secret = secretName(credential, namespace);
      return find('roots', rootsOf(secret), secret);
    },
  };
}

/** What Envoy asks for; undefined: it is the name of something else. */
export function ownSecretOf(name: string): OwnSecret | undefined {
  for (const what of ['pair', 'roots'] as const) if (name.startsWith(prefixes[what])) return { secret: name.slice(prefixes[what].length), what };
  return undefined;
}
