/** Keys and indexes from the root of a document: `['spec', 'http', 0, 'route']`. */
export type Path = readonly (string | number)[];

export type Level = 'Error' | 'Warning' | 'Info';

/** A change of text that repairs a problem: `path` names the key or value that is replaced. */
export interface Fix {
  /** What the edit does, as a person would say it: `rename the field to "mirrorPercentage"`. */
  title: string;
  path: Path;
  /** Replace the key at `path`, its value, or the entry with both. */
  target: 'key' | 'value' | 'entry';
  /** The new key or the new scalar. */
  text?: string;
  /** The new scalar where it is a number. */
  number?: number;
  /** For an entry: it becomes a map with this key, which holds the value under `field`. Without it the entry goes. */
  nest?: { key: string; field: string };
}

/** Something wrong in one resource, found by looking at that resource alone. */
export interface Problem {
  code: string;
  level: Level;
  /** One sentence in our words: what is wrong, with the names and values of it. */
  text: string;
  /** The field, from the root of the document; absent when it is about the whole resource. */
  path?: Path;
  help?: string;
  fix?: Fix;
}

/** `spec.http[0].route[1].weight` */
export function formatPath(path: Path): string {
  let out = '';
  for (const part of path) {
    if (typeof part === 'number') out += `[${part}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(part)) out += out === '' ? part : `.${part}`;
    else out += `[${JSON.stringify(part)}]`;
  }
  return out;
}
