import { readFileSync } from 'node:fs';
import type { KubeClient } from '../../kube/client.ts';
import { parseDuration } from '../../manifest/duration.ts';
import { MissingFileError, type ReadFiles, readFiles, sourceText } from '../../manifest/files.ts';
import type { SourceText } from '../../manifest/resource.ts';
import { asksForCluster, connectWith, isKubeError, toCliError } from '../cluster.ts';
import { type Deadline, parseTimeout } from '../deadline.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { Interrupt } from '../install/interrupt.ts';
import { createProgress, type Progress } from '../install/progress.ts';
import { readStdinSync } from '../stdin.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { Archive } from './archive.ts';
import { collect } from './collect.ts';
import { type Contents, folder } from './contents.ts';
import { type BugReportFlags, type Settings, settingsOf } from './flags.ts';
import { type ReadCluster, readCluster } from './read-cluster.ts';

export interface Inputs {
  files: ReadFiles;
  meshConfigSource: SourceText | undefined;
  /** The connection, and what was read; undefined without a cluster. */
  client: KubeClient | undefined;
  cluster: ReadCluster | undefined;
  /** Why there is no cluster, although it was asked for. */
  noCluster: string | undefined;
}

/** Of a program that a signal ended. */
const signalCodes: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Writes an archive of everything that tells why a mesh does what it does, without what is secret in it.
 *
 * @returns 0, also where something could not be read; after a signal, its code
 * @throws CliError where there is nothing to read, and where nothing can be written
 */
export async function runBugReport(flags: BugReportFlags): Promise<number> {
  const time = new Date();
  const settings = settingsOf(flags, time);
  const asked = { local: flags.proxyAdminAddress !== undefined, files: settings.paths.length > 0 };
  const usesCluster = asked.files || asked.local ? asksForCluster(flags) : flags.useKube !== false;
  if (!usesCluster && !asked.files && !asked.local)
    throw usageError('nothing is named to report on', 'Name manifests with -f, a proxy with --proxy-admin-address, or leave --no-use-kube out.');
  const colour = wantsColour(flags.color, 'stderr');
  const progress = await createProgress(await styleFor(colour), colour);
  const interrupt = new Interrupt();
  const deadline = parseTimeout(flags.timeout)?.();
  const files = filesAt(settings.paths);
  const meshConfigSource = meshConfigAt(flags.meshConfigFile);
  const client = usesCluster ? await connectWith(flags, 'Or name manifests with -f, or a proxy with --proxy-admin-address: they need no cluster.') : undefined;
  const stop = AbortSignal.any([interrupt.signal, ...timeLimit(flags.timeout)]);
  interrupt.signal.addEventListener('abort', () => client?.close());
  let archive: Archive | undefined;
  try {
    const read = client ? await readAll(client, flags, settings, { progress, deadline, isOnlySource: !asked.files && !asked.local }) : {};
    interrupt.signal.throwIfAborted();
    if (!flags.dryRun) archive = Archive.create(flags.outputDir, `${folder}.tar.gz`, time);
    const inputs: Inputs = { files, meshConfigSource, client: read.cluster ? client : undefined, cluster: read.cluster, noCluster: read.noCluster };
    const contents = await collect(inputs, { flags, settings, archive, time, progress, stop, interrupt: interrupt.signal });
    interrupt.signal.throwIfAborted();
    await archive?.finish();
    progress.stop();
    await conclude(contents, archive, { flags, settings, colour });
    return exitCode.ok;
  } catch (error) {
    progress.stop();
    await archive?.discard();
    if (!interrupt.reason) throw toCliError(error);
    write('stderr', `Interrupted by ${interrupt.reason}: nothing was written.\n`);
    return signalCodes[interrupt.reason] ?? exitCode.error;
  } finally {
    interrupt.end();
    client?.close();
  }
}

/** A timer cannot be set for longer. */
const longestTimer = 2 ** 31 - 1;

function timeLimit(text: string): AbortSignal[] {
  const milliseconds = (parseDuration(text) ?? 0) / 1e6;
  return milliseconds > 0 ? [AbortSignal.timeout(Math.min(Math.ceil(milliseconds), longestTimer))] : [];
}

interface ReadingOptions {
  progress: Progress;
  deadline: Deadline | undefined;
  /** Without it there is nothing to report on. */
  isOnlySource: boolean;
}

async function readAll(
  client: KubeClient,
  flags: BugReportFlags,
  { concurrency }: Settings,
  { progress, deadline, isOnlySource }: ReadingOptions,
): Promise<{ cluster?: ReadCluster; noCluster?: string }> {
  const name = client.context === '' ? client.server : client.context;
  const doing = `Reading cluster ${name}`;
  progress.start(doing);
  const { istioNamespace, namespace = client.namespace } = flags;
  try {
    const work = readCluster(client, {
      istioNamespace,
      namespace,
      concurrency,
      onProgress: ({ kinds, ofKinds, objects }) => progress.wait(`${kinds} of ${ofKinds} kinds, ${objects} objects`),
    });
    const cluster = await (deadline ? deadline.race(work, `reading cluster ${name}`) : work);
    const count = cluster.kinds.reduce((sum, { objects }) => sum + objects.length, 0);
    progress.done(`Read cluster ${name}: ${count} objects of ${cluster.kinds.length} kinds`);
    return { cluster };
  } catch (error) {
    if (isOnlySource || !isKubeError(error)) throw error;
    progress.fail(`Cluster ${name} is left out: ${error.message}`);
    return { noCluster: error.message };
  }
}

function filesAt(paths: readonly string[]): ReadFiles {
  try {
    return readFiles(paths, readStdinSync, { anyExtension: true });
  } catch (error) {
    if (error instanceof MissingFileError) throw new CliError(error.message, undefined, '-f takes files and directories that are there.');
    throw error;
  }
}

function meshConfigAt(path: string | undefined): SourceText | undefined {
  if (path === undefined) return undefined;
  try {
    return sourceText(path, readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CliError(`--meshConfigFile: cannot read ${path}: ${(error as Error).message}`);
  }
}

/** The most that standard error says of what is missing; README.txt has the rest. */
const mostWarnings = 8;

async function conclude(
  { files, leftOut, redacted }: Contents,
  archive: Archive | undefined,
  { flags, settings, colour }: { flags: BugReportFlags; settings: Settings; colour: boolean },
): Promise<void> {
  const style = await styleFor(colour);
  for (const { what, why } of leftOut.slice(0, mostWarnings)) write('stderr', `${style.warning('‼')} not in it: ${what}: ${why}\n`);
  if (leftOut.length > mostWarnings)
    write('stderr', `${style.warning('‼')} and ${leftOut.length - mostWarnings} more${archive ? ', which README.txt in it lists' : ''}\n`);
  if (settings.output === 'json') {
    const summary = {
      ...(archive ? { archive: archive.path } : { dryRun: true }),
      files: files.map(({ path, bytes, source }) => ({ path, ...(archive ? { bytes } : {}), source })),
      leftOut,
      ...(archive ? { redacted: Object.fromEntries(redacted.entries()) } : {}),
    };
    write('stdout', `${JSON.stringify(summary, null, 2)}\n`);
  } else if (archive) write('stdout', `${archive.path}\n`);
  else write('stdout', files.map(({ path, source }) => `${path}  ${style.dim(`(${source})`)}\n`).join(''));
  if (!archive) {
    write('stderr', `${files.length} files would be in ${flags.outputDir === '.' ? '' : `${flags.outputDir}/`}${folder}.tar.gz; nothing was written.\n`);
    return;
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  write(
    'stderr',
    `${style.good('✔')} ${files.length} files, ${sizeText(bytes)} unpacked; ${redacted.total} secrets taken out. Look into it before you send it: docs/bug-report.md.\n`,
  );
}

function sizeText(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
