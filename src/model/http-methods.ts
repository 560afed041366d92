/** Methods of RFC 9110 and RFC 5789. */
export const standardMethods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

/** Registered methods that servers for documents, calendars, caches and devices know; Envoy's HTTP/1 parser takes them, too. */
export const extensionMethods: readonly string[] = [
  ...['ACL', 'BIND', 'CHECKOUT', 'COPY', 'LINK', 'LOCK', 'MERGE', 'MKACTIVITY', 'MKCALENDAR', 'MKCOL', 'MOVE', 'M-SEARCH', 'NOTIFY', 'PROPFIND'],
  ...['PROPPATCH', 'PURGE', 'QUERY', 'REBIND', 'REPORT', 'SEARCH', 'SOURCE', 'SUBSCRIBE', 'UNBIND', 'UNLINK', 'UNLOCK', 'UNSUBSCRIBE'],
];

const known: ReadonlySet<string> = new Set([...standardMethods, ...extensionMethods]);

/** Whether a value of an authorization policy matches a method: exact, `prefix*`, `*suffix` or `*`, and letters' case counts (SEC-R27). */
export function matchesSomeMethod(value: string): boolean {
  if (known.has(value)) return true;
  if (value.startsWith('*')) return [...known].some((method) => method.endsWith(value.slice(1)));
  return value.endsWith('*') && [...known].some((method) => method.startsWith(value.slice(0, -1)));
}
