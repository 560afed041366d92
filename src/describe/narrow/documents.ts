// Documents of manifests by their kinds, without reading them as YAML.
import type { SourceText } from '../../manifest/resource.ts';
import { splitDocuments } from '../../manifest/split.ts';

export interface TextDocument {
  source: SourceText;
  start: number;
  end: number;
  /** As it is written, without its group; undefined: only YAML tells. */
  kind: string | undefined;
}

/** The texts in lower case, with their documents in order. */
export interface TextFile {
  source: SourceText;
  /** Letter by letter as long as the text. */
  lower: string;
  documents: readonly TextDocument[];
}

/** Undefined: offsets of the text are not those of its lower case, which happens outside of ASCII. */
export function textFile(source: SourceText): TextFile | undefined {
  const known = files.get(source);
  if (known) return known;
  const lower = source.text.toLowerCase();
  if (lower.length !== source.text.length) return undefined;
  const documents = splitDocuments(source.text).map(({ start, end }) => ({ source, start, end, kind: kindOf(source.text.slice(start, end)) }));
  const file = { source, lower, documents };
  files.set(source, file);
  return file;
}

const files = new WeakMap<SourceText, TextFile>();

const wordOfKind = /^kind:[ \t]+([A-Za-z]+)[ \t]*\r?$/gm;
const firstLetter = /^(?:[ \t]*(?:#.*)?\r?\n)*[A-Za-z]/;

/**
 * A line `kind: Word` that begins in the first column belongs to the outermost map: nothing else of a block map can be there. With
 * several of them, with flow style at the top, with an escape anywhere, and for lists, only YAML tells.
 */
function kindOf(text: string): string | undefined {
  if (text.includes('\\') || !firstLetter.test(text)) return undefined;
  const [found, another] = text.matchAll(wordOfKind);
  return another || found?.[1] === 'List' ? undefined : found?.[1];
}

const partOfName = /[a-z0-9_-]/;

/** The documents that have a word, names of hosts being several: `cart` is in `cart.shop`, and not in `cart-2`. */
export function documentsWith({ lower, documents }: TextFile, word: string): TextDocument[] {
  const found: TextDocument[] = [];
  if (word === '') return found;
  let from = 0;
  let place = 0;
  for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, from)) {
    from = at + 1;
    if (partOfName.test(lower[at - 1] ?? ' ') || partOfName.test(lower[at + word.length] ?? ' ')) continue;
    while (place < documents.length && (documents[place] as TextDocument).end <= at) place++;
    const document = documents[place];
    if (!document) break;
    if (at < document.start) continue;
    found.push(document);
    // Once is enough.
    from = document.end;
  }
  return found;
}

export function textOf({ source, start, end }: TextDocument): string {
  return source.text.slice(start, end);
}

const plainName = /\n {2}name:[ \t]+([a-z0-9.-]+)[ \t]*\r?(?:\n|$)/;

/** `metadata.name` where it stands as everybody writes it; undefined: only YAML tells. */
export function nameIn({ source, start, end }: TextDocument): string | undefined {
  const metadata = source.text.indexOf('\nmetadata:', Math.max(0, start - 1));
  if (metadata < 0 || metadata >= end) return undefined;
  // Up to the next field of the outermost map.
  const rest = source.text.slice(metadata + 1, end);
  const next = rest.search(/\n[A-Za-z]/);
  return plainName.exec(next < 0 ? rest : rest.slice(0, next + 1))?.[1];
}
