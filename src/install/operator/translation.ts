// What is common to the parts of the translation of an IstioOperator.
import { nearest } from '../../manifest/nearest.ts';
import type { Path } from '../../manifest/problem.ts';
import { isValueMap, SetText } from '../schema/set-text.ts';

/** Where values of an IstioOperator go. */
export interface Target {
  /** @param to a path of our values; an item of a list that is merged is named by a text */
  put(to: Path, value: unknown, from: Path): void;
  /** A value without a meaning here. @param instead what to do, as a sentence without a capital */
  refuse(from: Path, instead: string): void;
  /** A value that cannot be what it is, or where it is. */
  wrong(from: Path, text: string, help?: string): void;
}

/** A value of the place. A `Part` says all that is to be said of it. */
export type Part = (value: unknown, from: Path, target: Target) => void;

/** The value means the same as ours at this path. */
export const to =
  (...path: Path): Part =>
  (value, from, target) =>
    target.put(path, value, from);

/** What it says cannot be had. */
export const instead =
  (text: string): Part =>
  (_, from, target) =>
    target.refuse(from, text);

/** What is so here anyway; everything else cannot be had. */
export const only =
  (is: boolean | string, text: string): Part =>
  (value, from, target) => {
    if (plain(value) !== is) target.refuse(from, text);
  };

/** A map whose fields are parts. @param otherwise what is said of other fields */
export const fields =
  (parts: Readonly<Record<string, Part>>, otherwise: string): Part =>
  (value, from, target) => {
    if (value === null || value === undefined) return;
    if (!isValueMap(value)) {
      target.wrong(from, 'has to be a map');
      return;
    }
    for (const [key, item] of Object.entries(value)) {
      const part = Object.hasOwn(parts, key) ? parts[key] : undefined;
      if (part) part(item, [...from, key], target);
      else refuseUnknown([...from, key], target, Object.keys(parts), otherwise);
    }
  };

function refuseUnknown(from: Path, target: Target, known: readonly string[], otherwise: string): void {
  const near = nearest(String(from.at(-1)), known);
  if (near === undefined) target.refuse(from, otherwise);
  else target.wrong(from, 'is unknown', `did you mean ${near}?`);
}

/** The value that a text of `--set` looks like, where it is compared and not put anywhere. */
export function plain(value: unknown): unknown {
  if (!(value instanceof SetText)) return value;
  return value.text === 'true' || value.text === 'false' ? value.text === 'true' : value.text;
}
