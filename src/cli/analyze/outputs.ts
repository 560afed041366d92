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
 * @throws CliError (usage) for unknown formats and for two outputs to stdout
 */
export function parseOutputs(values: readonly string[] | undefined, fallback: string): Output[] {
  const outputs = (values ?? []).map((value) => {
    const at = value.indexOf('=');
    const written = at < 0 ? value : value.slice(0, at);
    const format = written.toLowerCase();
    if (!Object.hasOwn(formatters, format)) {
      throw usageError(`there is no output format "${written}"`, `Formats: ${Object.keys(formatters).join(', ')}; -o FORMAT=FILE writes to a file.`);
    }
    const file = at < 0 ? undefined : value.slice(at + 1);
    if (file === '') throw usageError(`-o ${value} names no file`, `-o ${format} prints to stdout, -o ${format}=FILE writes to a file.`);
    return { format, file };
  });
  if (outputs.filter((o) => o.file === undefined).length > 1)
    throw usageError('only one output can go to stdout', 'Send the others to files: -o sarif=out.sarif');
  if (!outputs.some((o) => o.file === undefined)) outputs.push({ format: fallback, file: undefined });
  return outputs;
}

/** The texts of a report in each format asked for; files are written at once, what goes to stdout is returned. */
export async function writeOutputs(report: Report, outputs: readonly Output[], style: Style, plain: Style): Promise<string> {
  let stdout = '';
  for (const { format, file } of outputs) {
    const formatter = await formatterOf(format);
    if (file === undefined) {
      stdout = formatter(report, style);
      continue;
    }
    try {
      writeFileSync(file, formatter(report, plain));
    } catch (error) {
      throw new CliError(`cannot write ${file}: ${(error as Error).message}`);
    }
  }
  return stdout;
}
