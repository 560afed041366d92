/** Namespaces that see a resource; `*` stands for all of them. */
export type Scopes = ReadonlySet<string>;

/** @param defaults what the mesh configuration says for resources without exportTo (SEL-R11, DR-R3, SEL-R34) */
export function scopesOf(exportTo: readonly string[] | undefined, namespace: string, defaults: readonly string[] = ['*']): Scopes {
  const written = exportTo?.length ? exportTo : defaults;
  if (written.includes('*')) return new Set(['*']);
  return new Set(written.filter((to) => to !== '~').map((to) => (to === '.' ? namespace : to)));
}

export function isSeenIn(scopes: Scopes, namespace: string): boolean {
  return scopes.has('*') || scopes.has(namespace);
}

/** Whether some namespace sees both. */
export function isSeenTogether(a: Scopes, b: Scopes): boolean {
  if (a.size === 0 || b.size === 0) return false;
  return a.has('*') || b.has('*') || [...a].some((namespace) => b.has(namespace));
}
