import { locate, type NodePlace, positionAt, type Span } from '../../manifest/position.ts';
import { type Place, placeOf, type ReportItem } from './report.ts';

/**
 * What to point at in the text: the value where the message is about the value, the key where it is about that, else the entry
 * with both. A message about a whole resource points at its name.
 */
export function focusOf(item: ReportItem): Place | undefined {
  const { place, resource, path } = item;
  if (!place || !resource) return place;
  if (path === undefined || path.length === 0) {
    const named = ['metadata', 'name'];
    return narrowed(placeOf(resource, named) ?? place, locate(resource, named), (name) => name.value);
  }
  return narrowed(place, locate(resource, path), (found) => spanOf(found, item));
}

/** A part of a place, if it is all on the same line: the line is that of the other formats. */
function narrowed(place: Place, found: ReturnType<typeof locate>, choose: (found: NodePlace) => Span | undefined): Place {
  const span = found?.exact ? choose(found.place) : undefined;
  if (!span) return place;
  const [from, to] = [positionAt(place.source, span.start), positionAt(place.source, span.end)];
  if (from.line !== place.line || to.line !== place.line) return place;
  return { ...place, column: from.column, endLine: to.line, endColumn: to.column };
}

function spanOf({ key, value, scalar }: NodePlace, { text, path = [], fix }: ReportItem): Span | undefined {
  if (!key || scalar === undefined || value.end <= value.start) return undefined;
  const name = path.at(-1);
  if (fix && fix.path.length === path.length && fix.path.every((part, i) => part === path[i])) return fix.target === 'value' ? value : key;
  if (scalar !== '' && hasWord(text, scalar)) return value;
  return typeof name === 'string' && hasWord(text, name) ? key : undefined;
}

/** Whether a text has another in it, not as a part of a longer word. */
function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!/[\w-]/.test(text[at - 1] ?? '') && !/[\w-]/.test(text[at + word.length] ?? '')) return true;
  }
  return false;
}
