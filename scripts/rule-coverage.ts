// Which tests cite the rules that were seen on the real thing (marked V or VI in the specification).
//
//   node scripts/rule-coverage.ts [FOLDER] [--check] [--quiet]
//
// FOLDER has the rules (default ../shared/spec/routing). --check: exit code 1 if a rule is not cited. --quiet: only what is not.
// A citation is the rule's id in a test file: `RT-R10`, also in a list (`LR-R18, R19`) or in a range (`RT-R10 to R12`, `RT-R10..R12`). Rules
// that only ranges name are listed apart: an id of its own says better which test would fail.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ruleFiles = ['selection.md', 'matching.md', 'routing.md', 'destination-rule.md', 'tcp-tls.md', 'inbound-and-security.md'];
const root = join(import.meta.dirname, '..');

export interface Rule {
  id: string;
  statement: string;
}

/** The rules of a file whose mark says that they were observed. */
export function observedRules(markdown: string): Rule[] {
  const rules: Rule[] = [];
  for (const line of markdown.split('\n')) {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const [, id = '', statement = ''] = cells;
    if (!/^[A-Z]+-R\d+$/.test(id)) continue;
    // The last cell is empty: the line ends with a bar.
    const mark = cells.at(-2) ?? '';
    if (/\bVI?\b/.test(mark)) rules.push({ id, statement });
  }
  return rules;
}

export interface Citations {
  /** Written out, alone or in a list. */
  explicit: Set<string>;
  /** Only within a range. */
  ranged: Set<string>;
}

const citation = /\b([A-Z]+)-R(\d+)\b((?:(?:\s*,\s*|\s+and\s+|\s+to\s+|\s*\.\.\.?\s*|\s*[-\u2013]\s*)(?:[A-Z]+-)?R\d+\b)*)/g;
const more = /(\s*,\s*|\s+and\s+|\s+to\s+|\s*\.\.\.?\s*|\s*[-\u2013]\s*)(?:([A-Z]+)-)?R(\d+)\b/g;
/** A range that is longer is a typing error. */
const longestRange = 60;

export function citationsOf(text: string): Citations {
  const explicit = new Set<string>();
  const ranged = new Set<string>();
  for (const [, firstPrefix = '', first = '', rest = ''] of text.matchAll(citation)) {
    let prefix = firstPrefix;
    let last = Number(first);
    explicit.add(`${prefix}-R${last}`);
    for (const [, joint = '', ownPrefix, number = ''] of rest.matchAll(more)) {
      const next = Number(number);
      if (!/,|and/.test(joint) && (ownPrefix ?? prefix) === prefix && next - last <= longestRange) {
        for (let between = last + 1; between < next; between++) ranged.add(`${prefix}-R${between}`);
      }
      prefix = ownPrefix ?? prefix;
      last = next;
      explicit.add(`${prefix}-R${last}`);
    }
  }
  return { explicit, ranged };
}

function main(args: readonly string[]): number {
  const folder = args.find((arg) => !arg.startsWith('--')) ?? join(root, '../shared/spec/routing');
  if (!existsSync(folder)) {
    console.error(`rule-coverage: SKIPPED: there is no folder ${folder} with the rules`);
    return 0;
  }
  const tests = globSync(['{src,analyzers,scripts,test,bench}/**/*.test.ts'], { cwd: root }).sort();
  const cited = new Map<string, string[]>();
  const inRanges = new Map<string, string[]>();
  const add = (map: Map<string, string[]>, id: string, file: string): void => void map.set(id, [...(map.get(id) ?? []), file]);
  for (const file of tests) {
    const { explicit, ranged } = citationsOf(readFileSync(join(root, file), 'utf8'));
    for (const id of explicit) add(cited, id, file);
    for (const id of ranged) add(inRanges, id, file);
  }
  const quiet = args.includes('--quiet');
  const uncited: Rule[] = [];
  let total = 0;
  let onlyInRanges = 0;
  for (const name of ruleFiles) {
    const path = join(folder, name);
    if (!existsSync(path)) {
      console.error(`rule-coverage: SKIPPED: there is no ${path}`);
      continue;
    }
    const rules = observedRules(readFileSync(path, 'utf8'));
    const missing = rules.filter(({ id }) => !cited.has(id) && !inRanges.has(id));
    console.log(`${name}: ${rules.length - missing.length} of ${rules.length} observed rules are cited`);
    for (const { id } of quiet ? [] : rules) {
      const files = cited.get(id);
      if (files) console.log(`  ${id}: ${files.join(', ')}`);
      else if (inRanges.has(id)) console.log(`  ${id}: (in a range) ${(inRanges.get(id) ?? []).join(', ')}`);
    }
    total += rules.length;
    onlyInRanges += rules.filter(({ id }) => !cited.has(id) && inRanges.has(id)).length;
    uncited.push(...missing);
  }
  if (uncited.length > 0) console.log('not cited by any test:');
  for (const { id, statement } of uncited) console.log(`  ${id}: ${statement.length > 110 ? `${statement.slice(0, 107)}...` : statement}`);
  console.log(
    `${total - uncited.length} of ${total} observed rules are cited by tests (${onlyInRanges} of them only within a range), ${uncited.length} are not`,
  );
  return args.includes('--check') && uncited.length > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
