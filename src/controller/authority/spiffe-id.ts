export interface SpiffeIdentity {
  trustDomain: string;
  namespace: string;
  serviceAccount: string;
}

/** Undefined for another form. */
export function parseSpiffeId(text: string): SpiffeIdentity | undefined {
  const parts = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(text);
  if (!parts) return undefined;
  const [, trustDomain = '', namespace = '', serviceAccount = ''] = parts;
  return { trustDomain, namespace, serviceAccount };
}

/** Whether a trust domain is neither that of the mesh nor one of its aliases. */
export function asksForAnother(trustDomain: string, own: string, aliases: readonly string[]): boolean {
  return trustDomain !== own && !aliases.includes(trustDomain);
}
