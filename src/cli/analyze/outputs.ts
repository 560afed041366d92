import { writeFileSync } from 'node:fs';
import { formatLog } from '../../analysis/report/log.ts';
import type { Report } from '../../analysis/report/report.ts';
import type { Style } from '../../analysis/report/style.ts';
import { CliError, usageError } from '../exit.ts';

/** One `-o`: a format, and the file it goes to; stdout without one. */
export interface Output {
  format: string;
  file: string | undefined;
}

export type Formatter = (report: Report, style: Style) => string;

/** Each format is loaded when it is asked for. */
const formatters: Readonly<Record<string, () => Promise<Formatter>>> = {
  log: async () => formatLog,
  pretty: async () => (await import('../../analysis/report/pretty.ts')).formatPretty,
  json: async () => (await import('../../analysis/report/structured.ts')).formatJson,
  yaml: async () => (await import('../../analysis/report/structured.ts')).formatYaml,
  sarif: async () => (await import('../../analysis/report/sarif.ts')).formatSarif,
  junit: async () => (await import('../../analysis/report/ci.ts')).formatJunit,
  github: async () => (await import('../../analysis/report/ci.ts')).formatGithub,
  gitlab: async () => (await import('../../analysis/report/ci.ts')).formatGitlab,
};

export function formatNames(): string[] {
  return Object.keys(formatters);
}

export function formatterOf(format: string): Promise<Formatter> {
  return (formatters[format] as () => Promise<Formatter>)();
}

/**
 * @param formats that there are
 * @throws CliError (usage) for unknown formats and for two outputs to stdout
 */
export function parseOutputs(values: readonly string[] | undefined, fallback: string, formats: readonly string[] = formatNames()): Output[] {
  const outputs = (values ?? []).map((value) => {
    const at = value.indexOf('=');
    const written = at < 0 ? value : value.slice(0, at);
    const format = written.toLowerCase();
    if (!formats.includes(format)) {
      throw usageError(`there is no output format "${written}"`, `Formats: ${formats.join(', ')}; -o FORMAT=FILE writes to a file.`);
    }
    const file = at < 0 ? undefined : value.slice(at + 1);
    if (file === '') throw usageError(`-o ${value} names no file`, `-o ${format} prints to stdout, -o ${format}=FILE writes to a file.`);
    return { format, file };
  });
  if (outputs.filter((o) => o.file === undefined).length > 1)
    throw usageError('only one output can go to stdout', `Send the others to files: -o ${formats.includes('sarif') ? 'sarif=out.sarif' : 'junit=out.xml'}`);
  if (!outputs.some((o) => o.file === undefined)) outputs.push({ format: fallback, file: undefined });
  return outputs;
}

/** The texts of a report in each format asked for; files are written at once, what goes to stdout is returned. */
export function writeOutputs(report: Report, outputs: readonly Output[], style: Style, plain: Style): Promise<string> {
  return writeEach(outputs, async (format, toFile) => (await formatterOf(format))(report, toFile ? plain : style));
}

/**
 * Writes the files of all outputs, and returns the text for stdout.
 *
 * @throws CliError for a file that cannot be written
 */
export async function writeEach(outputs: readonly Output[], textOf: (format: string, toFile: boolean) => Promise<string>): Promise<string> {
  let stdout = '';
  for (const { format, file } of outputs) {
    const text = await textOf(format, file !== undefined);
    if (file === undefined) {
      stdout = text;
      continue;
    }
    try {
      writeFileSync(file, text);
    } catch (error) {
      throw new CliError(`cannot write ${file}: ${(error as Error).message}`);
    }
  }
  return stdout;
}
