// One of the things that a user gave: a file, or one --set.
import type { Path } from '../manifest/problem.ts';
import type { Suggest } from './schema/read.ts';
import type { ObjectSchema, Schema } from './schema/types.ts';
import { valuesSchema } from './schema.ts';

export interface Layer {
  /** Values as the schema has them, as far as they are given; `null`s take away. */
  values: Record<string, unknown>;
  /** Where a value of it was written, and what it is called there. */
  place(path: Path): { where: string; path: string };
}

/** Paths of all values by their last key, where there is one value of that name. */
const byLastKey: ReadonlyMap<string, string> = (() => {
  const found = new Map<string, string[]>();
  const visit = (schema: Schema, path: string): void => {
    if (schema.type !== 'object') return;
    for (const [key, field] of Object.entries((schema as ObjectSchema).fields)) {
      const own = path === '' ? key : `${path}.${key}`;
      found.set(key, [...(found.get(key) ?? []), own]);
      visit(field, own);
    }
  };
  visit(valuesSchema, '');
  return new Map([...found].flatMap(([key, paths]) => (paths.length === 1 ? [[key, paths[0] as string]] : [])));
})();

/** A value of that very name at another place. */
export const elsewhere: Suggest = (path) => byLastKey.get(String(path.at(-1)));
