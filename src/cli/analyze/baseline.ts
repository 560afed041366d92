import { existsSync, readFileSync } from 'node:fs';
import type { ReportItem } from '../../analysis/report/report.ts';
import { writeFileAtomically } from '../atomic-write.ts';
import { CliError } from '../exit.ts';

/** One finding that is accepted. It holds while lines move: nothing of it is a line. */
interface Entry {
  code: string;
  /** `VirtualService shop/cart` */
  resource: string;
  field: string;
  message: string;
  count: number;
}

interface BaselineFile {
  version: 1;
  findings: Entry[];
}

const keyOf = (e: Pick<Entry, 'code' | 'resource' | 'field' | 'message'>): string => [e.code, e.resource, e.field, e.message].join('\u0000');

function entryOf(item: ReportItem): Omit<Entry, 'count'> {
  return { code: item.code, resource: item.origin === '' ? (item.file ?? '') : item.origin, field: item.field ?? '', message: item.text };
}

function isEntry({ code, resource, field, message, count }: Entry): boolean {
  return [code, resource, field, message].every((text) => typeof text === 'string') && Number.isInteger(count) && count > 0;
}

/** @throws CliError for a file that is not there or is no baseline */
export function readBaseline(file: string): BaselineFile {
  if (!existsSync(file)) throw new CliError(`there is no baseline ${file}`, 1, `weft baseline create --baseline ${file} FILES makes one.`);
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as BaselineFile;
    if (value.version === 1 && value.findings.every(isEntry)) return value;
  } catch {
    // Said below.
  }
  throw new CliError(`${file} is not a baseline: it has to be JSON with version 1 and findings`, 1, `weft baseline create --baseline ${file} FILES makes one.`);
}

export interface BaselineResult {
  items: ReportItem[];
  suppressed: number;
  /** Findings of the baseline that do not occur any more. */
  gone: number;
}

/** Drops the findings that the baseline lists, each as often as it lists it. What cannot be parsed is never dropped. */
export function applyBaseline(items: readonly ReportItem[], baseline: BaselineFile): BaselineResult {
  const left = new Map<string, number>();
  for (const entry of baseline.findings) left.set(keyOf(entry), (left.get(keyOf(entry)) ?? 0) + entry.count);
  const kept = items.filter((item) => {
    const key = keyOf(entryOf(item));
    const count = left.get(key) ?? 0;
    if (item.unparsable || count === 0) return true;
    left.set(key, count - 1);
    return false;
  });
  return { items: kept, suppressed: items.length - kept.length, gone: [...left.values()].reduce((a, b) => a + b, 0) };
}

/** Writes a baseline of all findings, and returns how many they are; sorted, so that its changes are easy to read. */
export function writeBaseline(file: string, items: readonly ReportItem[]): number {
  const entries = new Map<string, Entry>();
  for (const item of items) {
    if (item.unparsable) continue;
    const entry = entryOf(item);
    const found = entries.get(keyOf(entry));
    if (found) found.count++;
    else entries.set(keyOf(entry), { ...entry, count: 1 });
  }
  save(file, [...entries.values()]);
  return [...entries.values()].reduce((sum, entry) => sum + entry.count, 0);
}

/** Takes out what does not occur any more; adds nothing. Returns how many findings that are. */
export function pruneBaseline(file: string, items: readonly ReportItem[]): number {
  const { findings } = readBaseline(file);
  const occurs = new Map<string, number>();
  for (const item of items) occurs.set(keyOf(entryOf(item)), (occurs.get(keyOf(entryOf(item))) ?? 0) + 1);
  const kept = findings.map((e) => ({ ...e, count: Math.min(e.count, occurs.get(keyOf(e)) ?? 0) }));
  const total = (entries: readonly Entry[]): number => entries.reduce((sum, entry) => sum + entry.count, 0);
  const gone = total(findings) - total(kept);
  if (gone > 0)
    save(
      file,
      kept.filter((e) => e.count > 0),
    );
  return gone;
}

function save(file: string, findings: readonly Entry[]): void {
  const sorted = [...findings].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  try {
    writeFileAtomically(file, `${JSON.stringify({ version: 1, findings: sorted }, null, 2)}\n`);
  } catch (error) {
    throw new CliError(`cannot write ${file}: ${(error as Error).message}`);
  }
}
