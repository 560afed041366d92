import type { KeySource } from '../../ir/authentication.ts';
import type { KeySet } from '../core/jwt/key-set.ts';

/** Keys of issuers, as they are known now. */
export interface KeyLookup {
  /** Undefined: there are none, or none yet. The same object as long as they are the same. */
  keys(source: KeySource): KeySet | undefined;
  /** The first attempt to get them, while it is under way. */
  first(source: KeySource): Promise<void> | undefined;
  /** Asks for new ones, as a token names a key that is not there; undefined: that was done a moment ago. */
  renew(source: KeySource): Promise<void> | undefined;
}
