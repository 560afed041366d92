import { compileRegex, type Regex } from '../regex.ts';

/** What a segment of a template may have, besides the stars. */
const literal = /^[-\w.~%!$&'()+,;:@=]+$/;
/** What stars take, which is nearly all that a normalised path has. */
const one = "[-\\w.~%!$&'()+,;:@=*]+";
const rest = "[-\\w.~%!$&'()+,;:@=*/]*";

/**
 * `/api/*` + `/items/**`: a star is one segment that is not empty, two are whatever is left; what stands behind a last star belongs to
 * the path (SEC-R27).
 *
 * @returns undefined where the text is no template: nothing that takes as much as it likes may follow two stars
 */
export function compileTemplate(template: string): Regex | undefined {
  if (!template.startsWith('/')) return undefined;
  const segments = template.slice(1).split('/');
  let expression = '';
  let taken = false;
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as string;
    expression += '/';
    const isLast = i === segments.length - 1;
    if (segment === '') {
      if (!isLast) return undefined;
      continue;
    }
    const [, stars = '', after = ''] = /^(\*{0,2})(.*)$/.exec(segment) as RegExpExecArray;
    if (stars !== '') {
      if (taken || (after !== '' && (!isLast || !literal.test(after)))) return undefined;
      taken = stars === '**';
      expression += taken ? rest : one;
    } else if (!literal.test(segment)) return undefined;
    expression += (stars === '' ? segment : after).replace(/[$()+.]/g, '\\$&');
  }
  return compileRegex(expression);
}

/** The text with which all paths of a template begin. */
export function templatePrefix(template: string): string {
  const star = template.indexOf('*');
  return star < 0 ? template : template.slice(0, star);
}
