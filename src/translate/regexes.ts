import { compileRe2 } from '../manifest/re2.ts';

/** Programs above this size are refused by the proxy (MAT-R30). */
const longest = 32_768;

const known = new Map<string, boolean>();

/** Whether a proxy takes the expression. */
export function isRe2(expression: string): boolean {
  let valid = known.get(expression);
  if (valid === undefined) {
    valid = expression.length <= longest && compiles(expression);
    known.set(expression, valid);
  }
  return valid;
}

function compiles(expression: string): boolean {
  try {
    compileRe2(expression);
    return true;
  } catch {
    return false;
  }
}
