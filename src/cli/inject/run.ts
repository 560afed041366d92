import { type InjectedManifest, injectManifest, type ManifestProblem } from '../../inject/objects.ts';
import { MissingFileError, readFiles } from '../../manifest/files.ts';
import type { SourceText } from '../../manifest/resource.ts';
import { writeFileAtomically } from '../atomic-write.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { parseChoice } from '../proxy/flags.ts';
import { readStdinSync } from '../stdin.ts';
import { write } from '../terminal.ts';
import { readSettings } from './config-sources.ts';
import type { KubeInjectFlags } from './flags.ts';

/**
 * Writes manifests whose pods have sidecars. Nothing is written before all of the input was read and checked.
 *
 * @returns 0
 * @throws CliError for flags that make no sense, input that is not there, and everything that is wrong in it (65: no YAML)
 */
export async function runKubeInject(flags: KubeInjectFlags): Promise<number> {
  const engine = flags.engine === undefined ? undefined : parseChoice('engine', flags.engine, ['embedded', 'envoy']);
  const sources = readManifests(flags.filename ?? []);
  const { config, mesh, nodeVersions } = await readSettings(flags);
  const options = {
    // Who asks for injection means it: the policy is about pods that nobody asked for.
    config: { ...config, policy: 'enabled' as const, ...(engine === undefined ? {} : { engine }) },
    mesh,
    ...(nodeVersions === undefined ? {} : { nodeVersions }),
    defaultNamespace: flags.namespace ?? 'default',
  };
  const results = sources.map((source) => injectManifest(source, options));
  const problems = results.flatMap((result) => result.problems);
  if (problems.length > 0) throw problemsError(problems);
  const text = joined(results.map((result) => result.text));
  if (flags.output === undefined || flags.output === '-') write('stdout', text);
  else writeOutput(flags.output, text);
  for (const line of remarks(results)) write('stderr', `${line}\n`);
  return exitCode.ok;
}

function readManifests(names: readonly string[]): SourceText[] {
  const paths = names.flatMap((name) => name.split(',')).filter((path) => path !== '');
  if (paths.length === 0) throw usageError('no manifests are named', 'Name a file, or - for standard input: weft kube-inject -f deployment.yaml');
  try {
    const { sources, unreadable } = readFiles(paths, readStdinSync, { anyExtension: true });
    const [bad] = unreadable;
    if (bad) throw new CliError(`cannot read ${bad.path}: ${bad.text}`);
    const damaged = sources.find((source) => source.damaged);
    if (damaged) throw new CliError(`${damaged.name} is not in UTF-8`, exitCode.unparsable, 'Save it as UTF-8.');
    return sources;
  } catch (error) {
    throw error instanceof MissingFileError ? new CliError(error.message, undefined, '-f takes files and directories that are there.') : error;
  }
}

function problemsError(problems: readonly ManifestProblem[]): CliError {
  const lines = problems.map(({ source, line, text, help }) => `${source.name}:${line}: ${text}${help === undefined ? '' : `. ${help}`}`);
  const exit = problems.some(({ unparsable }) => unparsable) ? exitCode.unparsable : exitCode.error;
  const [only] = lines;
  if (lines.length === 1 && only !== undefined) return new CliError(only, exit, 'Nothing was written.');
  return new CliError(`the manifests have ${lines.length} mistakes, and nothing was written:\n${lines.map((line) => `  ${line}`).join('\n')}`, exit);
}

/** Documents of several files stay apart. */
function joined(texts: readonly string[]): string {
  return texts.reduce((all, text) => {
    if (all === '') return text;
    const ended = all.endsWith('\n') ? all : `${all}\n`;
    return /(?:^|\n)---[ \t]*\r?\n$/.test(ended) || text.startsWith('---') ? ended + text : `${ended}---\n${text}`;
  }, '');
}

function writeOutput(path: string, text: string): void {
  try {
    writeFileAtomically(path, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'its folder is not there' : code === 'EISDIR' ? 'it is a folder' : message;
    throw new CliError(`--output: cannot write ${path}: ${reason}`);
  }
}

function remarks(results: readonly InjectedManifest[]): string[] {
  const skipped = results.flatMap((result) => result.skipped);
  const injected = results.some((result) => result.injected.length > 0);
  if (!injected && skipped.length === 0) return ['Nothing is injected: no object of the input makes pods.'];
  return skipped.map(({ object, reason }) => `${object} is not injected: ${reason}.`);
}
