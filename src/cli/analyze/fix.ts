import { readFileSync } from 'node:fs';
import { createTwoFilesPatch } from 'diff';
import type { Repair } from '../../analysis/fix.ts';
import { applyRepairs } from '../../analysis/repair.ts';
import type { ReportItem } from '../../analysis/report/report.ts';
import { plainStyle, type Style } from '../../analysis/report/style.ts';
import { sourceText } from '../../manifest/files.ts';
import type { SourceText } from '../../manifest/resource.ts';
import { writeFileAtomically } from '../atomic-write.ts';
import { CliError } from '../exit.ts';

/** A file with all its repairs; not written yet. */
export interface FixedFile {
  name: string;
  before: string;
  after: string;
  /** What was done, a line each. */
  done: string[];
}

export interface Fixed<E> {
  files: FixedFile[];
  /** What is to be said of the repaired files. */
  evaluation: E;
}

/** Repairs bring new repairs to light, but not for ever. */
const mostRounds = 10;

/**
 * Repairs in memory what the findings offer to repair, and what comes to light then, until nothing is left: to fix twice is the
 * same as to fix once.
 *
 * @param evaluate looks at other texts of the same files
 * @param itemsOf the findings whose repairs are wanted
 */
export async function fixAll<E>(
  sources: readonly SourceText[],
  first: E,
  itemsOf: (evaluation: E) => Promise<readonly ReportItem[]>,
  evaluate: (sources: readonly SourceText[]) => Promise<E>,
): Promise<Fixed<E>> {
  const files = new Map<string, FixedFile>();
  let current = sources;
  let evaluation = first;
  for (let round = 0; round < mostRounds; round++) {
    const repaired = applyRepairs(repairsOf(await itemsOf(evaluation))).filter((r) => r.text !== r.source.text);
    if (repaired.length === 0) break;
    for (const { source, text, made } of repaired) {
      const file = files.get(source.name) ?? { name: source.name, before: source.text, after: '', done: [] };
      files.set(source.name, file);
      file.after = text;
      for (const { resource, fix } of made) file.done.push(`${source.name}: ${resource.friendlyName}: ${fix.title}`);
    }
    // A file that was named twice has one new text.
    current = current.map((s) => ((files.get(s.name)?.after ?? s.text) === s.text ? s : sourceText(s.name, files.get(s.name)?.after as string)));
    evaluation = await evaluate(current);
  }
  return { files: [...files.values()].filter((f) => f.before !== f.after), evaluation };
}

/** The repairs that the findings offer. */
export function repairsOf(items: readonly ReportItem[]): Repair[] {
  return items.flatMap(({ resource, fix }) => (resource && fix ? [{ resource, fix }] : []));
}

/** A unified diff of what --fix would do. */
export function previewFixes(files: readonly FixedFile[], style: Style = plainStyle): string {
  return files.map(({ name, before, after }) => paint(createTwoFilesPatch(name, name, before, after, undefined, undefined, { context: 3 }), style)).join('');
}

function paint(patch: string, style: Style): string {
  return patch
    .replace(/^Index: .*\n=+\n/, '')
    .split('\n')
    .map((line) => (line.startsWith('+') ? style.good(line) : line.startsWith('-') ? style.error(line) : line))
    .join('\n');
}

/**
 * Writes repaired files, if what was read is what is there now.
 *
 * @returns what was done, a line each
 * @throws CliError for standard input, and for files that changed meanwhile or cannot be written
 */
export function writeFixes(files: readonly FixedFile[]): string[] {
  for (const { name, before } of files) {
    if (name === '-') throw new CliError('--fix repairs files, and this is standard input', 1, 'Name the files, or see the repairs with --fix --dry-run.');
    if (!isStill(name, before)) throw new CliError(`${name} is not UTF-8 or has changed meanwhile, so nothing is repaired`);
  }
  for (const { name, after } of files) {
    try {
      writeFileAtomically(name, after);
    } catch (error) {
      throw new CliError(`cannot write ${name}: ${(error as Error).message}`);
    }
  }
  return files.flatMap((f) => f.done);
}

function isStill(file: string, text: string): boolean {
  try {
    return readFileSync(file).equals(Buffer.from(text, 'utf8'));
  } catch {
    return false;
  }
}
