import type { Level } from '../manifest/problem.ts';

export type { Level } from '../manifest/problem.ts';

/** Levels from least to most severe. */
export const levels: readonly Level[] = ['Info', 'Warning', 'Error'];

export function atLeast(level: Level, threshold: Level): boolean {
  return levels.indexOf(level) >= levels.indexOf(threshold);
}

/** What one code says. `D` is the data that a report of it carries. */
export interface MessageDefinition<D = Record<string, never>> {
  /** CamelCase name, as the reference lists it. */
  name: string;
  level: Level;
  /** What it is about, in one line for lists. */
  summary: string;
  /** The finding in one sentence: what is wrong, with the names and values of it. */
  text: (data: D) => string;
  /** What to do about it. */
  help?: string | ((data: D) => string);
  /** Who is hurt by it, and with which status. */
  effect?: string | ((data: D) => string);
  /** Codes of other tools for the same thing: `KIA1101`. */
  aliases?: readonly string[];
}

// biome-ignore lint/suspicious/noExplicitAny: a set of messages has data of many types
export type Messages = Readonly<Record<string, MessageDefinition<any>>>;

export type DataOf<M> = M extends MessageDefinition<infer D> ? D : never;

/** Helps TypeScript to infer the data of a message. */
export function message<D>(definition: MessageDefinition<D>): MessageDefinition<D> {
  return definition;
}
