/** What a segment of a template may have, besides the stars. */
const literal = /^[-\w.~%!$&'()+,;:@=]+$/;

/** What stars take, which is nearly all that a normalised path has. */
const taken = new Uint8Array(128);
for (const c of "-_.~%!$&'()+,;:@=*0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") taken[c.charCodeAt(0)] = 1;
const slash = 47;

/** `/api/*` + `/items/**` in pieces: what stands between the stars that are one segment, and behind two stars. */
export class PathTemplate {
  /** One more than there are stars in front of `rest`. */
  readonly #literals: readonly string[];
  /** What stands behind two stars; undefined: there are none. */
  readonly #rest: string | undefined;

  constructor(literals: readonly string[], rest: string | undefined) {
    this.#literals = literals;
    this.#rest = rest;
  }

  /** The text with which all its paths begin. */
  get prefix(): string {
    return this.#literals[0] as string;
  }

  matches(path: string): boolean {
    const literals = this.#literals;
    const last = literals.length - 1;
    let at = 0;
    for (let i = 0; ; i++) {
      const text = literals[i] as string;
      if (i === last && this.#rest === undefined) return at + text.length === path.length && path.endsWith(text);
      if (!path.startsWith(text, at)) return false;
      at += text.length;
      if (i === last) break;
      const next = literals[i + 1] as string;
      // A star in front of the end of the template leaves that to it.
      const stop = next.charCodeAt(0) === slash ? path.indexOf('/', at) : path.length - (this.#rest === undefined ? next.length : 0);
      if (stop <= at || !isTaken(path, at, stop, false)) return false;
      at = stop;
    }
    const rest = this.#rest as string;
    const stop = path.length - rest.length;
    return stop >= at && path.endsWith(rest) && isTaken(path, at, stop, true);
  }
}

function isTaken(path: string, from: number, to: number, slashes: boolean): boolean {
  for (let i = from; i < to; i++) {
    const code = path.charCodeAt(i);
    if (taken[code] !== 1 && !(slashes && code === slash)) return false;
  }
  return true;
}

/**
 * A star is one segment that is not empty, two are whatever is left; what stands behind a last star belongs to the path (SEC-R27).
 *
 * @returns undefined where the text is no template: nothing that takes as much as it likes may follow two stars
 */
export function compileTemplate(template: string): PathTemplate | undefined {
  if (!template.startsWith('/')) return undefined;
  const literals: string[] = [''];
  let rest: string | undefined;
  const add = (text: string): void => {
    if (rest === undefined) literals.push((literals.pop() as string) + text);
    else rest += text;
  };
  const segments = template.slice(1).split('/');
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as string;
    add('/');
    const isLast = i === segments.length - 1;
    if (segment === '') {
      if (!isLast) return undefined;
      continue;
    }
    const [, stars = '', after = ''] = /^(\*{0,2})(.*)$/.exec(segment) as RegExpExecArray;
    if (stars === '') {
      if (!literal.test(segment)) return undefined;
      add(segment);
      continue;
    }
    if (rest !== undefined || (after !== '' && (!isLast || !literal.test(after)))) return undefined;
    if (stars === '**') rest = after;
    else literals.push(after);
  }
  return new PathTemplate(literals, rest);
}
