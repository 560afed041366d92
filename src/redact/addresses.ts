import type { Found } from './found.ts';
import { isHarmlessValue } from './names.ts';

/** `scheme://user:password@host`; the password goes up to the last @ before the host ends. */
const withUser = /\b([a-zA-Z][a-zA-Z0-9+.-]{1,20}:\/\/)([^\s/?#"'<>\\]{0,1000})@/g;
/** A password with a slash in it; digits would be a port. */
const withSlash = /:\/\/[^\s/?#"'<>\\:@]{0,200}:(?!\d{1,5}(?:[/?#]|$))([^\s"'<>\\@]{1,200})@/g;
/** `user:password@tcp(host:3306)/db`, as drivers of Go take it. */
const ofDriver = /(?<=[\w.-]:)([^\s:"'<>\\]{1,200})@(?=(?:tcp6?|unix|udp)\()/g;

/** A user that is longer than names are is a token. */
const longestUser = 24;

/** Passwords in addresses. */
export function passwordsInAddresses(text: string): Found[] {
  const found: Found[] = [];
  const add = (start: number, value: string): void => {
    if (value !== '' && !isHarmlessValue('password', value)) found.push({ start, end: start + value.length, rule: 'url-password', what: 'password' });
  };
  if (text.includes('://')) {
    for (const { index, 1: scheme = '', 2: user = '' } of text.matchAll(withUser)) {
      const at = index + scheme.length;
      const colon = user.indexOf(':');
      if (colon >= 0) add(at + colon + 1, user.slice(colon + 1));
      else if (user.length > longestUser && /\d/.test(user)) add(at, user);
    }
    for (const { index, 0: whole, 1: password = '' } of text.matchAll(withSlash))
      if (/[/?#]/.test(password)) add(index + whole.length - 1 - password.length, password);
  }
  if (text.includes('@')) for (const { index, 1: password = '' } of text.matchAll(ofDriver)) add(index, password);
  return found;
}
