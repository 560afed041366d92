import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast } from '../../analysis/message.ts';
import type { ReportItem } from '../../analysis/report/report.ts';
import { MissingFileError, type ReadFiles, readFiles } from '../../manifest/files.ts';
import { PipelineCache } from '../../pipeline/pipeline-cache.ts';
import type { ClusterSource } from '../cluster-source/cluster-source.ts';
import { CliError, usageError } from '../exit.ts';
import { isTerminal, write } from '../terminal.ts';
import { DirectoryWatcher, type Names } from './directory-watcher.ts';
import { newOf } from './new-items.ts';
import type { Output } from './outputs.ts';
import { acceptBaseline, report } from './run.ts';
import { evaluate, type Session } from './session.ts';

/** After a change nothing has to happen for this long: editors write in several steps. */
const quietMilliseconds = 100;
/** But when things keep happening, they are looked at after this. */
const longestMilliseconds = 1000;

const waiting = 'Watching for changes; Ctrl-C ends.';
const clearScreen = '\u001b[2J\u001b[3J\u001b[H';

/** What there is to analyze at one moment. */
interface Look {
  input: ReadFiles | undefined;
  meshConfig: string | undefined;
  /** Why there is no input. */
  error: CliError | undefined;
}

/** @throws CliError (usage) for what cannot be watched */
export function checkWatchable({ flags }: Session, paths: readonly string[]): void {
  if (paths.length === 0 || paths.includes('-')) throw usageError('--watch needs files or directories, which standard input is not');
  if (flags.onlyNew) throw usageError('--watch marks what is new itself: leave --only-new out');
  if (flags.fix) throw usageError('--watch and --fix do not go together: repair first, then watch');
}

/**
 * Analyzes again whenever an input changes, until a signal ends the process.
 *
 * @param cluster stays as it was when it was read
 * @throws CliError for a first run that cannot be made
 */
export async function watch(session: Session, paths: readonly string[], outputs: readonly Output[], cluster: ClusterSource | undefined): Promise<never> {
  const cache = new PipelineCache();
  const pause = new Pause();
  const watcher = new DirectoryWatcher(() => pause.end());
  let last: Look | undefined;
  let shown: readonly ReportItem[] | undefined;
  try {
    for (;;) {
      const start = performance.now();
      const look = lookAt(session, paths);
      if (!last && look.error) throw look.error;
      // What happened between the look and the first event is seen by another look.
      if (watcher.set(directoriesOf(session, paths, look.input))) continue;
      const changes = changesOf(last, look);
      if (changes !== undefined) {
        for (const path of look.input?.skipped ?? [])
          if (!last?.input?.skipped.includes(path)) session.warn(`Skipping ${path}: only .yaml, .yml and .json files are read`);
        last = look;
        shown = await analyzeAgain(session, paths, outputs, { look, changes, start, shown, cache, cluster });
      }
      await pause.wait();
    }
  } finally {
    watcher.close();
  }
}

interface Round {
  look: Look;
  changes: string;
  start: number;
  /** Of the last round that ended well. */
  shown: readonly ReportItem[] | undefined;
  cache: PipelineCache;
  cluster: ClusterSource | undefined;
}

/** One round: prints the report, new findings first, and how it went. Its mistakes do not end the watch, except in the first round. */
async function analyzeAgain(
  session: Session,
  paths: readonly string[],
  outputs: readonly Output[],
  { look, changes, start, shown, cache, cluster }: Round,
): Promise<readonly ReportItem[] | undefined> {
  try {
    if (!look.input) throw look.error;
    const evaluation = await acceptBaseline(session, await evaluate(session, paths, { input: look.input, cache, cluster, deadline: session.deadline?.() }));
    const milliseconds = Math.round(performance.now() - start);
    const visible = evaluation.items.filter((item) => atLeast(item.level, session.outputThreshold));
    const news = shown && newOf(shown, visible);
    if (news) {
      for (const item of news) item.isNew = true;
      evaluation.items = [...evaluation.items.filter((i) => i.isNew), ...evaluation.items.filter((i) => !i.isNew)];
    }
    if (isTerminal('stdout')) write('stdout', clearScreen);
    await report(session, paths, { ...evaluation, cluster }, outputs);
    const counts = [news?.length ? `${news.length} new` : '', shown ? `${newOf(visible, shown).length} gone` : ''].filter(
      (part) => part !== '' && !part.startsWith('0 '),
    );
    const done = news ? `${changes}: ${counts.join(', ') || 'nothing new'}` : 'done';
    session.warn(`[${clock()}] ${done} (${milliseconds} ms). ${waiting}`);
    return visible;
  } catch (error) {
    if (!(error instanceof CliError) || !shown) throw error;
    session.warn(`[${clock()}] Error: ${error.message}. ${waiting}`);
    return shown;
  }
}

function clock(): string {
  return new Date().toTimeString().slice(0, 8);
}

function lookAt({ flags: { meshConfigFile } }: Session, paths: readonly string[]): Look {
  let meshConfig: string | undefined;
  try {
    if (meshConfigFile !== undefined) meshConfig = readFileSync(meshConfigFile, 'utf8');
  } catch {
    // The analysis says so.
  }
  try {
    return { input: readFiles(paths, () => ''), meshConfig, error: undefined };
  } catch (error) {
    if (!(error instanceof MissingFileError)) throw error;
    return { input: undefined, meshConfig, error: new CliError(error.message) };
  }
}

/** What changed, in words, from one look to the next; undefined where nothing did, and no words at the first look. */
function changesOf(before: Look | undefined, now: Look): string | undefined {
  if (!before) return '';
  const texts = (look: Look): Map<string, string> => {
    const { sources, unreadable } = look.input ?? { sources: [], unreadable: [] };
    return new Map([...sources.map((s) => [s.name, s.text] as const), ...unreadable.map((u) => [u.path, `\u0000${u.text}`] as const)]);
  };
  const [old, current] = [texts(before), texts(now)];
  const changed = [...current].flatMap(([name, text]) => (old.get(name) === text ? [] : [old.has(name) ? `${name} changed` : `${name} added`]));
  changed.push(...[...old.keys()].filter((name) => !current.has(name)).map((name) => `${name} deleted`));
  if (before.meshConfig !== now.meshConfig) changed.push('mesh configuration changed');
  if (changed.length === 0) return before.error?.message === now.error?.message ? undefined : 'input is there again';
  const [first = '', ...others] = changed;
  return others.length === 0 ? first : `${first}, and ${others.length} more`;
}

/** The directories in which a change of the input shows, with the names that matter there. */
function directoriesOf({ flags: { meshConfigFile } }: Session, paths: readonly string[], input: ReadFiles | undefined): Map<string, Names> {
  const out = new Map<string, Set<string> | undefined>();
  const heed = (path: string): void => {
    const directory = dirname(path);
    if (out.has(directory)) out.get(directory)?.add(basename(path));
    else out.set(directory, new Set([basename(path)]));
  };
  for (const directory of input?.directories ?? []) out.set(resolve(directory), undefined);
  for (const path of [...paths, ...(meshConfigFile === undefined ? [] : [meshConfigFile])]) heed(existing(resolve(path)));
  // Behind a link another directory changes.
  for (const { name } of input?.sources ?? []) {
    try {
      const real = realpathSync.native(name);
      if (real !== resolve(name)) heed(real);
    } catch {
      // Gone since it was read.
    }
  }
  return out;
}

/** The path itself where its directory is there, else the outermost part of it that is not. */
function existing(path: string): string {
  const directory = dirname(path);
  return directory === path || statSync(directory, { throwIfNoEntry: false }) ? path : existing(directory);
}

/** A wait for events, and then for a pause after them. */
class Pause {
  private ended = false;
  private wake: (() => void) | undefined;

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  async wait(): Promise<void> {
    if (!this.ended) {
      await new Promise<void>((done) => {
        this.wake = done;
      });
    }
    const latest = performance.now() + longestMilliseconds;
    do {
      this.ended = false;
      await sleep(quietMilliseconds);
    } while (this.ended && performance.now() < latest);
    this.ended = false;
  }
}
