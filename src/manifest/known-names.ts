import { nearest } from './nearest.ts';

/** Of these at most are listed. */
const most = 10;

/** What a person may have meant by a name that is not there: `Did you mean shop/cart? They have: shop/cart, shop/web.` */
export function knownNames(wanted: string, known: readonly string[], has = 'They have'): string {
  const sorted = [...new Set(known)].sort();
  const near = nearest(wanted, sorted);
  const more = sorted.length > most ? `, and ${sorted.length - most} more` : '';
  return `${near === undefined ? '' : `Did you mean ${near}? `}${has}: ${sorted.slice(0, most).join(', ')}${more}.`;
}
