// Normalization of request paths (MAT-R10 to R13), before anything is matched; what is forwarded is the normalized path.
import type { MeshSettings } from '../../ir/table.ts';

export type PathNormalization = MeshSettings['pathNormalization'];

const slash = 47;
const dot = 46;
const percent = 37;
const semicolon = 59;
const question = 63;
const backslash = 92;

// What becomes of a character of a path. `plain` stays; `escaped` is written as %XX; `unreserved` is plain, and a percent-encoded
// one is decoded; the others need a look at what is around them.
const plain = 0;
const escaped = 1;
const unreserved = 2;
const special = 3;
const invalid = 4;

const kinds = new Uint8Array(128).fill(plain);
for (let code = 0; code < 33; code++) kinds[code] = escaped;
for (const c of '"#<>?^`{|}\x7f') kinds[c.charCodeAt(0)] = escaped;
for (const c of '-_~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ') kinds[c.charCodeAt(0)] = unreserved;
for (const c of './%\\') kinds[c.charCodeAt(0)] = special;
kinds[0] = invalid;

/** Where the query of a normalized target begins: the index of `?`, or its length. */
export function pathEndOf(target: string): number {
  const at = target.indexOf('?');
  return at < 0 ? target.length : at;
}

/**
 * Path and query as they are matched and forwarded. A fragment is cut off (MAT-R11), the query is not touched.
 *
 * @param target request target in origin form
 * @returns undefined: it has no normal form, the answer is 400 (MAT-R12)
 */
export function normalizePath(target: string, mode: PathNormalization): string | undefined {
  let state = 0;
  let i = 0;
  scan: for (; i < target.length; i++) {
    const code = target.charCodeAt(i);
    if (code >= 128) return undefined;
    switch (kinds[code]) {
      case special:
        // A dot inside a name is as good as a letter.
        if (code === slash) {
          if (mode === 'base' || i + 1 >= target.length || target.charCodeAt(i + 1) !== slash) continue;
        } else if (code === dot && i > 0 && target.charCodeAt(i - 1) !== slash) continue;
        state = 1;
        break scan;
      case escaped:
      case invalid:
        if (code === question) break scan;
        state = 1;
        break scan;
      default:
    }
  }
  const fragment = target.indexOf('#', i);
  if (fragment >= 0) return normalizePath(target.slice(0, fragment), mode);
  if (state === 0 || mode === 'none') return target;
  const end = pathEndOf(target);
  const query = target.slice(end);
  let path = target.slice(0, end);
  if (mode === 'decode-and-merge-slashes') path = decodeSlashes(path);
  const canonical = canonicalPath(path);
  if (canonical === undefined) return undefined;
  return (mode === 'base' ? canonical : mergeSlashes(canonical)) + query;
}

/**
 * Dot segments resolved, unreserved characters decoded, backslashes turned; undefined for a null byte or what is not ASCII.
 *
 * A dot segment with parameters (`..;x`) is one, too: servers that know parameters of segments take them off first, and would go up
 * where the policies have seen a name.
 *
 * What is decoded never makes an escape with a `%` in front of it that was none: `%%365` would be `%65`, and `e` for whoever decodes it
 * next. Such a `%` is escaped itself.
 */
function canonicalPath(path: string): string | undefined {
  let out = '';
  /** Where in `out` the last `%` is that begins no escape. */
  let percentAt = -1;
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code >= 128) return undefined;
    const kind = kinds[code];
    if (kind === invalid) return undefined;
    if (kind === escaped) {
      out += `%${code < 16 ? '0' : ''}${code.toString(16).toUpperCase()}`;
      continue;
    }
    if (kind !== special) {
      out += path[i];
      continue;
    }
    const dotLength = dotAt(path, i);
    if (dotLength > 0) {
      if (!out.endsWith('/')) {
        out += '.';
        i += dotLength - 1;
        continue;
      }
      const after = i + dotLength;
      const up = dotAt(path, after);
      const end = endOfDots(path, after);
      const upEnd = up > 0 ? endOfDots(path, after + up) : -1;
      if (end >= 0) {
        i = end;
      } else if (upEnd >= 0) {
        i = upEnd;
        out = parentOf(out);
      } else {
        out += '.';
        i += dotLength - 1;
      }
      continue;
    }
    if (code !== percent) {
      out += '/';
      continue;
    }
    const decoded = decodedAt(path, i);
    if (decoded === 0) return undefined;
    if (decoded > 0 && decoded < 128 && kinds[decoded] === unreserved) {
      out += String.fromCharCode(decoded);
      i += 2;
      if (percentAt >= 0) out = withoutNewEscape(out, percentAt, path.charCodeAt(i + 1));
    } else if (decoded >= 0) {
      out += path.slice(i, i + 3);
      i += 2;
    } else {
      percentAt = out.length;
      out += '%';
    }
  }
  return out;
}

/**
 * @param out a character was decoded at its end
 * @param percentAt where the last `%` is that began no escape, if it is still there
 * @param next character of the path, as it was sent
 */
function withoutNewEscape(out: string, percentAt: number, next: number): string {
  if (out.charCodeAt(percentAt) !== percent) return out;
  const behind = out.length - percentAt - 1;
  const first = hexDigit(out.charCodeAt(percentAt + 1));
  const isEscape = first >= 0 && ((behind === 1 && hexDigit(next) >= 0) || (behind === 2 && hexDigit(out.charCodeAt(percentAt + 2)) >= 0));
  return isEscape ? `${out.slice(0, percentAt)}%25${out.slice(percentAt + 1)}` : out;
}

/** Length of a dot at this place, plain or as `%2e`; 0 for none. */
function dotAt(path: string, at: number): number {
  const code = path.charCodeAt(at);
  if (code === dot) return 1;
  return code === percent && decodedAt(path, at) === dot ? 3 : 0;
}

/** Where the segment ends that has nothing but dots in front of this place, and may have parameters behind; -1: it has more. */
function endOfDots(path: string, at: number): number {
  let end = at;
  if (path.charCodeAt(at) === semicolon) while (end < path.length && !isSlash(path.charCodeAt(end))) end++;
  return end >= path.length || isSlash(path.charCodeAt(end)) ? end : -1;
}

function isSlash(code: number): boolean {
  return code === slash || code === backslash;
}

/** `/a/b/` → `/a/`; the root is its own parent. */
function parentOf(directory: string): string {
  const at = directory.lastIndexOf('/', directory.length - 2);
  return directory.slice(0, at < 0 || directory.length === 1 ? 1 : at + 1);
}

/** The byte that `%XX` stands for; -1 when it is no escape. */
function decodedAt(path: string, at: number): number {
  const high = hexDigit(path.charCodeAt(at + 1));
  const low = hexDigit(path.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 65 && code <= 70) return code - 55;
  if (code >= 97 && code <= 102) return code - 87;
  return -1;
}

function decodeSlashes(path: string): string {
  return path.includes('%') ? path.replace(/%2f/gi, '/').replace(/%5c/gi, '\\') : path;
}

/** Slashes alone become two: the first and the last are kept apart from what is between. */
function mergeSlashes(path: string): string {
  if (!path.includes('//')) return path;
  const inner = path.split('/').filter((segment) => segment !== '');
  return (path.startsWith('/') ? '/' : '') + inner.join('/') + (path.endsWith('/') ? '/' : '');
}
