import { mark } from './mark.ts';
import type { Rule, Tally } from './tally.ts';

/** A part of a text that nobody else is to see. */
export interface Found {
  start: number;
  end: number;
  rule: Rule;
  /** In words, for the mark in its place. */
  what: string;
}

/** The text with marks in place of what was found. What overlaps is one. */
export function replaceFound(text: string, found: readonly Found[], tally: Tally): string {
  if (found.length === 0) return text;
  let out = '';
  let done = 0;
  for (const { start, end, rule, what } of joined(found)) {
    out += text.slice(done, start) + mark(what);
    done = end;
    tally.count(rule);
  }
  return out + text.slice(done);
}

/** Ordered; of those that overlap, the longest says what it is. */
export function joined(found: readonly Found[]): Found[] {
  const ordered = [...found].sort((a, b) => a.start - b.start || b.end - a.end);
  const out: Found[] = [];
  let longest = 0;
  for (const one of ordered) {
    const last = out.at(-1);
    if (!last || one.start >= last.end) {
      out.push({ ...one });
      longest = one.end - one.start;
      continue;
    }
    if (one.end - one.start > longest) {
      longest = one.end - one.start;
      last.rule = one.rule;
      last.what = one.what;
    }
    last.end = Math.max(last.end, one.end);
  }
  return out;
}
