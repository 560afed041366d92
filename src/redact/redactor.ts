import { dump } from 'js-yaml';
import { privateJwk } from '../envoy/web-keys.ts';
import { parseYaml } from '../manifest/yaml.ts';
import { isMap } from '../model/untyped.ts';
import { passwordsInAddresses } from './addresses.ts';
import { isPublicPem } from './certificates.ts';
import { deepest, encodedSecrets } from './encoded.ts';
import { isContent, isSecretKey, isWrapper, secretNeighbour } from './fields.ts';
import { joined, replaceFound } from './found.ts';
import { KnownValues } from './known-values.ts';
import { isCopy, isSecret, withoutValues } from './kubernetes.ts';
import { isMark, mark } from './mark.ts';
import { namedValues } from './named-values.ts';
import { isHarmlessValue, isPasswordName } from './names.ts';
import { privateKeys } from './private-keys.ts';
import { Tally } from './tally.ts';
import { tokens } from './tokens.ts';

/** A longer text is not read as YAML: it is a log. */
const longestYaml = 2 * 1024 * 1024;

const longestClean = 200;
const mostClean = 100_000;

/** Where a value is. */
interface Place {
  /** The name that makes it secret, of the field around it or beside it. */
  secret: string | undefined;
  /** Somewhere above is a field that holds secrets, so that what is written in place is one. */
  inSecret: boolean;
  /** Encodings around it. */
  depth: number;
}

const top: Place = { secret: undefined, inSecret: false, depth: 0 };

/**
 * Takes out what nobody else is to see: values of Secrets, private keys, tokens, passwords. What tells about them stays: names, lengths,
 * certificates.
 *
 * It looks at objects first, where names say what is secret, and then at every text in them. The same input gives the same output, and
 * what went through it once stays as it is.
 */
export class Redactor {
  private readonly known: KnownValues;
  private readonly onTaken: ((value: string) => void) | undefined;
  /** Short texts without anything in them, which objects have again and again: names of fields above all. */
  private readonly clean = new Set<string>();

  /**
   * @param known values that are taken out wherever they are
   * @param onTaken is told what was taken out, but for values of Secrets
   */
  constructor(known = new KnownValues(), onTaken?: (value: string) => void) {
    this.known = known;
    this.onTaken = onTaken;
  }

  /** A text of any kind: a log, statistics, a page. Lines that are JSON are looked at as objects, too. */
  text(text: string, tally = new Tally()): string {
    const lines = text.includes('{"')
      ? text
          .split('\n')
          .map((line) => this.jsonLine(line, tally))
          .join('\n')
      : text;
    return this.plain(lines, tally, 0);
  }

  /** A value of JSON or YAML, also of Kubernetes: objects in it are known by their kind. The input stays as it is. */
  value<T>(value: T, tally = new Tally()): T {
    return this.walk(value, top, tally) as T;
  }

  /** Values that were to be taken out and are still in a text: there are none, but for mistakes in here. */
  left(text: string): number {
    return this.known.find(text).length;
  }

  private walk(value: unknown, place: Place, tally: Tally): unknown {
    if (typeof value === 'string') return this.leaf(value, place, tally);
    if (typeof value === 'number')
      return place.secret !== undefined && isPasswordName(place.secret) ? this.taken(place.secret, tally) : this.number(value, tally);
    if (Array.isArray(value)) return this.list(value, place, tally);
    return isMap(value) ? this.object(value, place, tally) : value;
  }

  private object(object: Record<string, unknown>, place: Place, tally: Tally): Record<string, unknown> {
    const secret = isSecret(object);
    const isJwk = typeof object.kty === 'string';
    const neighbour = secretNeighbour(object);
    const out: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(object)) {
      const name = this.plain(field, tally, place.depth);
      const set = (to: unknown): void => void Object.defineProperty(out, name, { value: to, enumerable: true, writable: true, configurable: true });
      if (secret && (field === 'data' || field === 'stringData') && isMap(value)) {
        const kept = withoutValues(value, field === 'data' ? 'base64' : 'utf8', tally);
        set(
          Object.fromEntries(
            Object.entries(kept).map(([key, told]) => [this.plain(key, tally, place.depth), typeof told === 'string' ? this.plain(told, tally, 0) : told]),
          ),
        );
      } else if (isCopy(field) && typeof value === 'string') {
        if (!isMark(value)) tally.count('copy');
        set(mark('copy of the object'));
      } else if (isJwk && privateJwk.has(field)) {
        if (value !== mark('private part of a web key')) tally.count('private-key');
        set(mark('private part of a web key'));
      } else set(this.walk(value, this.inside(place, field, neighbour), tally));
    }
    return out;
  }

  private inside(place: Place, field: string, neighbour: string | undefined): Place {
    const { depth } = place;
    const isOwn = isSecretKey(field);
    const inSecret = place.inSecret || isOwn;
    if (isOwn) return { secret: field, inSecret, depth };
    const around = neighbour ?? place.secret;
    // Content in place belongs to what is around it, however far out.
    if (around !== undefined && (isContent(field) || isWrapper(field))) return { secret: around, inSecret, depth };
    return { secret: place.inSecret && /^inline_?(?:string|bytes)$/i.test(field) ? 'secret' : undefined, inSecret, depth };
  }

  private list(list: readonly unknown[], place: Place, tally: Tally): unknown[] {
    return list.map((item, i) => {
      // --password, hunter2
      const before = list[i - 1];
      const flag = typeof before === 'string' && /^--?[\w.-]+$/.test(before) && isSecretKey(before) ? before : undefined;
      const isValue = flag !== undefined && typeof item === 'string' && !item.startsWith('-');
      return this.walk(item, isValue ? { ...place, secret: flag } : place, tally);
    });
  }

  private leaf(text: string, { secret, depth }: Place, tally: Tally): string {
    if (secret !== undefined && text !== '' && !isHarmlessValue(secret, text) && !isPublic(text)) {
      const scheme = /authorization/i.test(secret) ? (/^(?:Bearer|Basic|Digest|Negotiate|ApiKey|Token)\s+(?=\S)/i.exec(text)?.[0] ?? '') : '';
      const value = text.slice(scheme.length);
      if (isMark(value)) return text;
      this.onTaken?.(value);
      return `${scheme}${this.taken(secret, tally)}`;
    }
    return this.plain(this.structured(text, depth, tally), tally, depth);
  }

  private taken(secret: string, tally: Tally): string {
    const rule = /authorization/i.test(secret) ? 'authorization' : /cookie/i.test(secret) ? 'cookie' : 'named-value';
    tally.count(rule);
    return mark(rule === 'authorization' ? 'credentials' : rule === 'cookie' ? 'cookies' : 'value');
  }

  /** A number that is a value of a Secret. */
  private number(value: number, tally: Tally): unknown {
    const text = String(value);
    return this.known.find(text).length > 0 ? this.plain(text, tally, 0) : value;
  }

  /** A text that is JSON or YAML itself, looked at as such; as it was where nothing is secret. */
  private structured(text: string, depth: number, tally: Tally): string {
    if (depth > deepest || text.length > longestYaml) return text;
    const start = text.trimStart()[0];
    if (start === '{' || start === '[') {
      const value = jsonOf(text);
      if (value === undefined) return text;
      const changed = this.changed(value, depth, tally);
      return changed === undefined ? text : JSON.stringify(changed, null, text.includes('\n') ? 2 : 0);
    }
    if (!/^[^\n#]*:(?:\s|$)/m.test(text) || !text.includes('\n')) return text;
    const documents = yamlOf(text);
    if (documents === undefined) return text;
    const changed = this.changed(documents, depth, tally) as unknown[] | undefined;
    return changed === undefined ? text : changed.map((document) => dump(document, { lineWidth: -1, noRefs: true })).join('---\n');
  }

  private changed(value: unknown, depth: number, tally: Tally): unknown {
    const own = new Tally();
    const out = this.walk(value, { ...top, depth: depth + 1 }, own);
    if (own.total === 0) return undefined;
    tally.add(own);
    return out;
  }

  private jsonLine(line: string, tally: Tally): string {
    const start = line.indexOf('{"');
    const trimmed = line.trimEnd();
    if (start < 0 || !trimmed.endsWith('}')) return line;
    const value = jsonOf(trimmed.slice(start));
    const changed = value === undefined ? undefined : this.changed(value, 0, tally);
    return changed === undefined ? line : `${line.slice(0, start)}${JSON.stringify(changed)}`;
  }

  private plain(text: string, tally: Tally, depth: number): string {
    if (text.length < 4 || this.clean.has(text)) return text;
    const found = [
      ...this.known.find(text),
      ...privateKeys(text),
      ...tokens(text),
      ...passwordsInAddresses(text),
      ...namedValues(text),
      ...(depth > deepest ? [] : encodedSecrets(text, (decoded) => this.hasSecret(decoded, depth + 1))),
    ];
    if (found.length === 0 && text.length <= longestClean) {
      if (this.clean.size >= mostClean) this.clean.clear();
      this.clean.add(text);
    }
    if (this.onTaken) for (const { start, end } of joined(found)) this.onTaken(text.slice(start, end));
    return replaceFound(text, found, tally);
  }

  private hasSecret(text: string, depth: number): boolean {
    const tally = new Tally();
    this.leaf(text, { ...top, depth }, tally);
    return tally.total > 0;
  }
}

/** Certificates are for everybody, in PEM and in base64 of it. */
function isPublic(text: string): boolean {
  return isPublicPem(text) || (text.startsWith('LS0tLS1CRUdJTi') && isPublicPem(Buffer.from(text, 'base64').toString()));
}

/** The documents of a text that is JSON or YAML; undefined for any other. */
export function documentsIn(text: string): unknown[] | undefined {
  const value = jsonOf(text);
  return value === undefined ? yamlOf(text) : [value];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The documents of a YAML text; undefined where it is none, or plain words. */
function yamlOf(text: string): unknown[] | undefined {
  try {
    const documents = text
      .split(/^---(?:\s.*)?$/m)
      .map((document) => parseYaml(document, true).value)
      .filter((document) => document !== undefined && document !== null);
    return documents.some((document) => isMap(document) || Array.isArray(document)) ? documents : undefined;
  } catch {
    return undefined;
  }
}
