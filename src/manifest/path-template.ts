// Path templates of AuthorizationPolicies: `/users/{*}/files/{**}` (SEC-R27).

/** One segment, and any rest. */
const operators = ['{*}', '{**}'];
const plainSegment = /^[a-zA-Z0-9-._~%!$&'()+,;:@=]+$/;

/** Any other path is compared as a text, whatever braces it has. */
export function isPathTemplate(path: string): boolean {
  return operators.some((operator) => path.includes(operator));
}

/** What is wrong with a path that may be a template, as the end of a sentence; undefined: nothing. */
export function pathTemplateProblem(path: string): string | undefined {
  const isTemplate = isPathTemplate(path);
  let last = false;
  for (const segment of path.replace(/^\/+|\/+$/g, '').split('/')) {
    if (operators.includes(segment)) {
      if (last) return 'has an operator after {**}, which has to be the last one';
      last = segment === '{**}';
    } else if (/[{}]/.test(segment)) {
      return 'has braces that are not one of the segments {*} and {**}';
    } else if (isTemplate && !plainSegment.test(segment)) {
      return `has the segment "${segment}", and segments beside {*} and {**} are one or more of the characters that RFC 3986 allows in a path`;
    }
  }
  return undefined;
}
