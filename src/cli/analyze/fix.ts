import { readFileSync } from 'node:fs';
import { createTwoFilesPatch } from 'diff';
import { applyRepairs, type Repair, type Repaired } from '../../analysis/fix.ts';
import { plainStyle, type Style } from '../../analysis/report/style.ts';
import type { ReportItem } from '../../analysis/report/report.ts';
import { splitDocuments } from '../../manifest/split.ts';
import { parseYaml } from '../../manifest/yaml.ts';
import { writeFileAtomically } from '../atomic-write.ts';
import { CliError } from '../exit.ts';

/** The repairs that the findings offer. */
export function repairsOf(items: readonly ReportItem[]): Repair[] {
  return items.flatMap(({ resource, fix }) => (resource && fix ? [{ resource, fix }] : []));
}

/** A unified diff of what --fix would do. */
export function previewFixes(repairs: readonly Repair[], style: Style = plainStyle): string {
  return applyRepairs(repairs)
    .filter((r) => r.text !== r.source.text)
    .map(({ source, text }) => paint(createTwoFilesPatch(source.name, source.name, source.text, text, undefined, undefined, { context: 3 }), style))
    .join('');
}

function paint(patch: string, style: Style): string {
  return patch
    .split('\n')
    .filter((line) => !/^=+$/.test(line))
    .map((line) => (line.startsWith('+') ? style.good(line) : line.startsWith('-') ? style.error(line) : line))
    .join('\n');
}

/**
 * Repairs the files. Each is checked before it is written: it has to parse, and what was read must be what is there now.
 *
 * @returns what was done, a line each
 * @throws CliError for standard input, and for files that cannot be written or would be damaged
 */
export function writeFixes(repairs: readonly Repair[]): string[] {
  const repaired = applyRepairs(repairs).filter((r) => r.text !== r.source.text);
  for (const { source } of repaired) if (source.name === '-') throw new CliError('--fix repairs files, and this is standard input', 1, 'Name the files, or see the repairs with --fix --dry-run.');
  for (const one of repaired) check(one);
  const out: string[] = [];
  for (const { source, text, made } of repaired) {
    try {
      writeFileAtomically(source.name, text);
    } catch (error) {
      throw new CliError(`cannot write ${source.name}: ${(error as Error).message}`);
    }
    for (const { resource, fix } of made) out.push(`${source.name}: ${resource.friendlyName}: ${fix.title}`);
  }
  return out;
}

function check({ source, text }: Repaired): void {
  const now = readFileSync(source.name);
  if (!now.equals(Buffer.from(source.text, 'utf8'))) throw new CliError(`${source.name} is not UTF-8 or has changed meanwhile, so it is not repaired`);
  const readable = (t: string): number =>
    splitDocuments(t).filter(({ start, end }) => {
      try {
        parseYaml(t.slice(start, end), true);
        return true;
      } catch {
        return false;
      }
    }).length;
  if (readable(text) !== readable(source.text)) throw new CliError(`the repairs would break ${source.name}, so it is left as it is; please report this with the file`);
}
