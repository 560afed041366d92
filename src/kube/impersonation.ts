import type { Credentials, Identity, Impersonation } from './credentials.ts';
import { KubeError } from './error.ts';

/**
 * Credentials that ask the server to take the request as one of somebody else.
 *
 * @throws KubeError 'BadConfig' for groups or a uid without a user
 */
export function impersonating(credentials: Credentials, { user, groups = [], uid, extra = {} }: Impersonation): Credentials {
  if (!user) {
    if (groups.length === 0 && !uid) return credentials;
    throw new KubeError('groups or a uid to act as need a user, too', { reason: 'BadConfig', help: 'Add --as USER.' });
  }
  const headers: Record<string, string | string[]> = { 'impersonate-user': bytes(user) };
  if (groups.length > 0) headers['impersonate-group'] = groups.map(bytes);
  if (uid) headers['impersonate-uid'] = bytes(uid);
  for (const [key, values] of Object.entries(extra)) headers[`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`] = values.map(bytes);
  const as = ({ headers: own, certificate }: Identity): Identity => ({ headers: { ...own, ...headers }, certificate });
  return { current: async () => as(await credentials.current()), renew: () => credentials.renew() };
}

/** Names travel as UTF-8; Node writes each character of a header as one byte. */
function bytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}
