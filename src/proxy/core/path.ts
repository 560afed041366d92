// Normalization of request paths (MAT-R10 to R13), before anything is matched; what is forwarded is the normalized path.
import type { MeshSettings } from '../../ir/table.ts';

export type PathNormalization = MeshSettings['pathNormalization'];

const slash = 47;
const dot = 46;
const percent = 37;
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

/** Dot segments resolved, unreserved characters decoded, backslashes turned; undefined for a null byte or what is not ASCII. */
function canonicalPath(path: string): string | undefined {
  let out = '';
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
      if (endsSegment(path, after)) {
        i = after;
      } else if (up > 0 && endsSegment(path, after + up)) {
        i = after + up;
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
    } else if (decoded >= 0) {
      out += path.slice(i, i + 3);
      i += 2;
    } else out += '%';
  }
  return out;
}

/** Length of a dot at this place, plain or as `%2e`; 0 for none. */
function dotAt(path: string, at: number): number {
  const code = path.charCodeAt(at);
  if (code === dot) return 1;
  return code === percent && decodedAt(path, at) === dot ? 3 : 0;
}

function endsSegment(path: string, at: number): boolean {
  if (at >= path.length) return true;
  const code = path.charCodeAt(at);
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
