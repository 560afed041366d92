// Holds the direction of imports and the purity of the middle (CONTRIBUTING.md, "Rooms").
//
//   node scripts/check-imports.ts
import { globSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { strip } from './source-text.ts';

interface Room {
  /** Rooms that it may import; what those import, too. */
  imports: readonly string[];
  /** No I/O, no clock, no randomness: the same input gives the same output. */
  pure?: boolean;
  /** None of its files imports another. */
  separate?: boolean;
}

const everything = [
  'schemas',
  'package.json',
  'analyzers',
  'src/install',
  'src/controller',
  'src/pki',
  'src/agent',
  'src/simulate',
  'src/route-tests',
  'src/proxy-config',
  'src/route-diff',
  'src/describe',
  'src/redact',
];

const rooms: Readonly<Record<string, Room>> = {
  'package.json': { imports: [] },
  schemas: { imports: [] },
  'src/manifest': { imports: [] },
  'src/schema': { imports: ['src/manifest', 'schemas', 'src/ir/cipher-suites.ts'], pure: true },
  'src/model': { imports: ['src/manifest'], pure: true },
  'src/ir': { imports: ['src/ir/cipher-suites.ts'], pure: true },
  'src/ir/cipher-suites.ts': { imports: [], pure: true },
  'src/translate': { imports: ['src/model', 'src/ir'], pure: true },
  'src/analysis': { imports: ['src/model', 'src/ir', 'src/translate'], pure: true },
  analyzers: { imports: ['src/analysis', 'src/model', 'src/ir'], pure: true, separate: true },
  'src/proxy/core': { imports: ['src/ir'], pure: true },
  'src/proxy': { imports: ['src/proxy/core', 'src/envoy/proto'] },
  'src/simulate': { imports: ['src/ir', 'src/proxy/core', 'src/manifest'], pure: true },
  'src/route-tests': { imports: ['src/simulate', 'src/translate'], pure: true },
  'src/describe': { imports: ['src/simulate', 'src/translate', 'src/model', 'src/ir'], pure: true },
  'src/proxy-config': { imports: [], pure: true },
  'src/route-diff': { imports: ['src/simulate', 'src/translate', 'src/ir', 'src/model'], pure: true },
  'src/redact': { imports: ['src/envoy', 'src/manifest', 'src/model'], pure: true },
  'src/envoy': { imports: ['src/ir', 'src/proxy/core', 'src/envoy/proto'] },
  'src/envoy/proto': { imports: ['schemas', 'src/envoy/json.ts'] },
  'src/envoy/json.ts': { imports: [], pure: true },
  'src/pki': { imports: [] },
  'src/agent': { imports: ['src/pki', 'src/envoy', 'src/proxy'] },
  'src/pipeline': { imports: ['src/schema', 'src/analysis'] },
  'src/kube': { imports: ['src/manifest'] },
  'src/inject': { imports: ['src/kube', 'src/model', 'src/schema'] },
  'src/install': { imports: ['src/inject', 'schemas'] },
  'src/controller': { imports: ['src/inject', 'src/pipeline', 'src/pki', 'src/translate', 'src/envoy', 'src/proxy'] },
  'src/cli': { imports: everything },
};

/** Files that a `separate` room shares: the list of all, and helpers in folders of their own. */
const shared = /(^|\/)index\.ts$|^[^/]+\/[^/]+\//;

/** Packages that talk to a person or end the process. */
const ofTheCli: ReadonlySet<string> = new Set(['commander', 'chalk', 'ora']);

/** Builtins without effects. */
const pureBuiltins: ReadonlySet<string> = new Set(['node:crypto', 'node:path', 'node:util', 'node:assert']);

const effects: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date(?:\(\s*\)|(?!\s*\())|\bperformance\./, 'reads a clock: take the time as a parameter'],
  [/\bMath\.random\b|\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b/, 'draws random numbers: take the generator as a parameter'],
  [/(?<![.\w])(?:setTimeout|setInterval|setImmediate)\b/, 'sets a timer: take the clock as a parameter'],
  [/(?<![.\w])process\./, 'reads or changes the process'],
  [/(?<![.\w])console\./, 'prints: report, or return the text'],
  [/(?<![.\w])fetch\(/, 'uses the network'],
];

export interface Offence {
  file: string;
  line: number;
  text: string;
}

/** The room of a path from the root of the checkout: the one with the longest name. */
function roomOf(path: string): string | undefined {
  return Object.keys(rooms)
    .filter((name) => path === name || path.startsWith(`${name}/`))
    .sort((a, b) => b.length - a.length)[0];
}

function reachable(room: string, seen = new Set([room])): Set<string> {
  for (const next of rooms[room]?.imports ?? []) if (!seen.has(next)) reachable(next, seen.add(next));
  return seen;
}

const isForTests = (path: string): boolean => /(^|\/)testing\.ts$|\.test\.ts$/.test(path);

/** What one file does that its room may not. Tests may import and do everything. */
export function offences(file: string, text: string): Offence[] {
  const room = roomOf(file);
  if (!room || isForTests(file)) return [];
  const { code, bare } = strip(text);
  const found: Offence[] = [];
  const report = (index: number, message: string): void => {
    found.push({ file, line: code.slice(0, index).split('\n').length, text: message });
  };
  for (const match of code.matchAll(/\bfrom\s*'([^']+)'|\bimport\s*\(?\s*'([^']+)'/g)) {
    // Words of a string are no import.
    if (bare[match.index] === ' ') continue;
    const message = importOffence(file, room, (match[1] ?? match[2]) as string);
    if (message) report(match.index, message);
  }
  const banned = [
    ...(rooms[room]?.pure ? effects : []),
    ...(room === 'src/cli' ? [] : ([[/\bprocess\.exit\b/, 'ends the process: only src/cli does']] as const)),
  ];
  for (const [pattern, message] of banned) {
    for (const match of bare.matchAll(new RegExp(pattern, 'g'))) report(match.index, `${room}: ${message}`);
  }
  return found;
}

function importOffence(file: string, room: string, specifier: string): string | undefined {
  if (specifier.startsWith('node:')) {
    return rooms[room]?.pure && !pureBuiltins.has(specifier) ? `${room} has no effects, and ${specifier} has` : undefined;
  }
  if (!specifier.startsWith('.')) {
    return ofTheCli.has(specifier) && room !== 'src/cli' ? `${specifier} is for src/cli alone` : undefined;
  }
  const target = normalize(join(file, '..', specifier));
  const other = roomOf(target);
  if (isForTests(target)) return `${target} is for tests`;
  if (other === undefined) return `${target} is in no room that may be imported`;
  if (other === room)
    return rooms[room]?.separate && !shared.test(file) && !shared.test(target) ? `${target}: nothing in ${room} imports its neighbours` : undefined;
  return reachable(room).has(other) ? undefined : `${room} does not import ${other} (${target})`;
}

function main(): void {
  const root = join(import.meta.dirname, '..');
  const files = globSync(['src/**/*.ts', 'analyzers/**/*.ts'], { cwd: root }).sort();
  const all = files.flatMap((file) => offences(file.replaceAll('\\', '/'), readFileSync(join(root, file), 'utf8')));
  for (const { file, line, text } of all) console.error(`${file}:${line} ${text}`);
  console.log(`imports: ${files.length} files, ${all.length} offences`);
  process.exitCode = all.length > 0 ? 1 : 0;
}

if (import.meta.main) main();
