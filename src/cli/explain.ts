import { readFileSync } from 'node:fs';
import { analyzers } from '../../analyzers/index.ts';
import { inputMessages } from '../analysis/catalogue/input.ts';
import { precheckMessages } from '../analysis/catalogue/precheck.ts';
import type { MessageDefinition, Messages } from '../analysis/message.ts';
import { documentationOf } from '../analysis/report/report.ts';
import type { Style } from '../analysis/report/style.ts';
import { nearest } from '../manifest/nearest.ts';
import { usageError } from './exit.ts';
import { packageFile } from './package-files.ts';
import { styleFor, wantsColour, write } from './terminal.ts';

interface Explained {
  code: string;
  name: string;
  level: string;
  summary: string;
  aliases: readonly string[];
  analyzers: string[];
  documentationUrl: string | undefined;
}

/** Every code with the analyzers that report it, by code. */
export function allMessages(): Map<string, Explained> {
  const out = new Map<string, Explained>();
  const add = (code: string, m: Omit<MessageDefinition, 'text'>, analyzer: string | undefined): void => {
    const found = out.get(code);
    if (found) {
      if (analyzer && !found.analyzers.includes(analyzer)) found.analyzers.push(analyzer);
      return;
    }
    const { name, level, summary, aliases = [] } = m;
    out.set(code, { code, name, level, summary, aliases, analyzers: analyzer ? [analyzer] : [], documentationUrl: documentationOf(code) });
  };
  for (const [code, definition] of Object.entries(inputMessages)) add(code, definition, undefined);
  for (const [code, definition] of Object.entries(precheckMessages as Messages)) add(code, definition, undefined);
  for (const analyzer of analyzers) {
    for (const [code, definition] of Object.entries(analyzer.messages as Record<string, MessageDefinition>)) add(code, definition, analyzer.name);
  }
  return new Map([...out].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * @returns the exit code
 * @throws CliError (usage) for a code that nobody has
 */
export async function runExplain(code: string | undefined, flags: { all?: boolean; output?: string; color?: boolean }): Promise<number> {
  if (flags.output !== undefined && flags.output !== 'json') throw usageError(`--output takes json, not "${flags.output}"`);
  const messages = allMessages();
  const style = await styleFor(wantsColour(flags.color, 'stdout'));
  if (flags.all || code === undefined) {
    if (!flags.all) throw usageError('which code?', 'weft explain IST0101 explains one, weft explain --all lists them.');
    const list = [...messages.values()];
    write(
      'stdout',
      flags.output === 'json' ? `${JSON.stringify(list, null, 2)}\n` : list.map((m) => `${m.code}  ${m.level.padEnd(7)}  ${m.name}: ${m.summary}\n`).join(''),
    );
    return 0;
  }
  const wanted = code.toUpperCase();
  const found = messages.has(wanted) ? [messages.get(wanted) as Explained] : [...messages.values()].filter((m) => m.aliases.includes(wanted));
  if (found.length === 0) {
    const near = nearest(wanted, [...messages.keys(), ...[...messages.values()].flatMap((m) => m.aliases)]);
    throw usageError(`no message has the code ${code}${near ? `; did you mean ${near}?` : ''}`, 'weft explain --all lists them.');
  }
  if (flags.output === 'json')
    write(
      'stdout',
      `${JSON.stringify(
        found.map((m) => ({ ...m, page: pageOf(m.code) })),
        null,
        2,
      )}\n`,
    );
  else write('stdout', found.map((m) => explain(m, style)).join('\n'));
  return 0;
}

function explain(message: Explained, style: Style): string {
  const lines = [`${style.strong(`${message.code} ${message.name}`)} (${message.level})`, `${message.summary}.`];
  if (message.analyzers.length > 0) lines.push(style.dim(`Analyzers: ${message.analyzers.join(', ')}`));
  if (message.aliases.length > 0) lines.push(style.dim(`Also known as: ${message.aliases.join(', ')}`));
  if (message.documentationUrl) lines.push(style.dim(`Reference: ${message.documentationUrl}`));
  const page = pageOf(message.code);
  if (page) lines.push('', page.replace(/^# .*\n+/, '').trimEnd());
  return `${lines.join('\n')}\n`;
}

/** The page docs/rules/CODE.md of this package, as Markdown. */
function pageOf(code: string): string | undefined {
  try {
    return readFileSync(packageFile(`docs/rules/${code}.md`), 'utf8');
  } catch {
    return undefined;
  }
}
