import { realClock } from '../real-clock.ts';
import { fetchKeysWith } from './fetch-keys.ts';
import { JwksStore, type JwksStoreOptions } from './jwks-store.ts';
import { trustedRoots } from './trusted-roots.ts';

/**
 * Keys of issuers, from their servers.
 *
 * @param roots authorities that are trusted beside those of the system: PEM
 */
export function realJwksStore(options: Pick<JwksStoreOptions, 'tell' | 'changed'>, roots?: readonly string[]): JwksStore {
  return new JwksStore({ clock: realClock, random: Math.random, fetch: fetchKeysWith(trustedRoots(roots)), ...options });
}
