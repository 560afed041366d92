import { itemOfProblem, placeOf } from '../../analysis/report/report.ts';
import { visible } from '../../analysis/report/terminal-text.ts';
import { MissingFileError, type ReadFiles, readFiles } from '../../manifest/files.ts';
import { type InputProblem, loadSource } from '../../manifest/load.ts';
import { positionAt } from '../../manifest/position.ts';
import type { SourceText } from '../../manifest/resource.ts';
import { loadChecks } from '../../pipeline/check-resource.ts';
import { specMessage } from '../../schema/messages.ts';
import { CliError, exitCode } from '../exit.ts';
import { readStdinSync } from '../stdin.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { checkOperator } from './operator.ts';
import { checkDeployment, checkService, type Said } from './workloads.ts';

export interface ValidateFlags {
  filename?: string[];
  namespace?: string;
  istioNamespace: string;
  color?: boolean;
}

/**
 * Everything goes to stderr, as with the reference.
 *
 * @returns 1 when a resource is wrong or a file cannot be read, else 0
 * @throws CliError without any file
 */
export async function runValidate(flags: ValidateFlags): Promise<number> {
  const paths = (flags.filename ?? []).flatMap((f) => f.split(',')).filter((f) => f !== '');
  if (paths.length === 0) throw new CliError('no files named', exitCode.error, 'Name them with -f: weft validate -f gateway.yaml, or -f - for standard input.');
  const { sources, unreadable } = read(paths);
  const style = await styleFor(wantsColour(flags.color, 'stderr'));
  const errors: string[] = unreadable.map(({ path, text }) => `cannot read ${path}: ${text}`);
  const out: string[] = [];
  for (const source of sources) {
    const said = await checkSource(source, flags);
    errors.push(...said.errors);
    out.push(...said.notes.map(visible));
    if (said.errors.length > 0) continue;
    if (said.warnings.length > 0) out.push(`"${source.name}" has warnings:`, ...said.warnings.map((w) => `  ${style.warning('!')} ${visible(w)}`));
    else out.push(source.name === '-' ? 'the input is valid' : `"${source.name}" is valid`);
  }
  if (errors.length > 0)
    out.push(
      `${style.error('Error')}: ${errors.length} ${errors.length === 1 ? 'error' : 'errors'}:`,
      ...errors.map((e) => `  ${style.error('✘')} ${visible(e)}`),
    );
  write('stderr', `${out.join('\n')}\n`);
  return errors.length > 0 ? exitCode.error : exitCode.ok;
}

function read(paths: readonly string[]): ReadFiles {
  try {
    return readFiles(paths, readStdinSync, { anyExtension: true });
  } catch (error) {
    if (error instanceof MissingFileError) throw new CliError(error.message);
    throw error;
  }
}

export interface SourceResult {
  errors: string[];
  warnings: string[];
  notes: string[];
}

/** Looks at every document of one source. */
export async function checkSource(source: SourceText, flags: Pick<ValidateFlags, 'namespace' | 'istioNamespace'>): Promise<SourceResult> {
  const out: SourceResult = { errors: [], warnings: [], notes: [] };
  const { resources, problems, others } = loadSource(source, { defaultNamespace: flags.namespace ?? '' });
  // A document without apiVersion and kind, or of a kind of others, is none of its business.
  for (const problem of problems) {
    if (problem.notAResource) continue;
    if (problem.unparsable || problem.code === 'WFT0002') out.errors.push(describeProblem(problem));
    else out.warnings.push(describeProblem(problem));
  }
  for (const object of others) out.errors.push(...checkOperator(object).map((text) => `${source.name}: ${text}`));
  const check = await loadChecks(resources.map((r) => r.kindName));
  for (const resource of resources) {
    const say = (list: string[], said: Said): void => {
      const place = placeOf(resource, said.path);
      list.push(`${place ? `${place.file}:${place.line}: ` : ''}${resource.friendlyName}: ${said.text}`);
    };
    if (resource.kindName === 'Service' && resource.namespace !== flags.istioNamespace) for (const said of checkService(resource)) say(out.errors, said);
    if (resource.kindName === 'Deployment') for (const said of checkDeployment(resource)) say(out.notes, said);
    if (specMessage[resource.kindName] === undefined) continue;
    const { unknown, undecodable, errors, warnings } = check(resource);
    for (const said of [...unknown, ...undecodable, ...errors]) say(out.errors, said);
    for (const said of warnings) say(out.warnings, said);
  }
  return out;
}

function describeProblem(problem: InputProblem): string {
  const item = itemOfProblem(problem);
  const { source, offset } = problem;
  const line = item.place?.line ?? (source && offset !== undefined ? positionAt(source, offset).line : undefined);
  return `${item.file}${line === undefined ? '' : `:${line}`}: ${item.origin === '' ? '' : `${item.origin}: `}${item.text}`;
}
