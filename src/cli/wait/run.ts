import { type Awaited, awaited, type ProxyProgress } from '../../envoy/xds/control-plane-api.ts';
import { fullName } from '../../envoy/xds/proxy-statuses.ts';
import { formatDuration, parseDuration } from '../../manifest/duration.ts';
import { knownNames } from '../../manifest/known-names.ts';
import { toCliError } from '../cluster.ts';
import { type ControlPlaneFlags, openControlPlane } from '../control-plane/open.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { createProgress } from '../install/progress.ts';
import { parseChoice } from '../proxy/flags.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { formatted } from '../translate/output.ts';
import { ReplicaAsker } from './ask.ts';
import { parseResource, resourceText, type WaitedResource } from './resource.ts';
import { ClusterSource, thoseThere } from './source.ts';
import { neededOf, type Tally } from './tally.ts';
import { behindLines, behindText, missedText, progressText, reachedText } from './text.ts';
import { type Watched, watchDistribution } from './watch.ts';

/** Flags of `weft x wait` as commander gives them. */
export interface WaitFlags extends ControlPlaneFlags {
  namespace?: string;
  for: string;
  threshold: string;
  timeout: string;
  resourceVersion?: string;
  proxy?: string[];
  output: string;
  verbose?: boolean;
  color?: boolean;
}

interface Settings {
  awaited: Awaited;
  threshold: number;
  timeoutMs: number;
  output: 'text' | 'json' | 'yaml';
}

/**
 * Waits until proxies have acknowledged a resource, or its removal.
 *
 * @returns 0 when enough of them have
 * @throws CliError for flags that make no sense, for what no proxy will ever get, and when the time is over: which proxies are behind is
 * said before
 */
export async function runWait(words: readonly string[], flags: WaitFlags): Promise<number> {
  const settings = readSettings(flags);
  // What is no resource is said before anybody is asked.
  parseResource(words, flags.namespace, 'default');
  const { controlPlane, client, close } = await openControlPlane(flags);
  const asker = new ReplicaAsker(controlPlane);
  const colour = wantsColour(flags.color, 'stderr');
  const style = await styleFor(colour);
  // Without a terminal the one line at the end is all.
  const progress = isTerminal('stderr') && !flags.verbose ? await createProgress(style, colour) : undefined;
  const resource = parseResource(words, flags.namespace, client?.namespace ?? 'default');
  const text = resourceText(resource);
  const began = performance.now();
  const told = new Map<string, string>();
  try {
    progress?.start(`waiting for ${settings.awaited === 'delete' ? 'the removal of ' : ''}${text}`);
    const watched = await watchDistribution(asker, {
      resource,
      for: settings.awaited,
      resourceVersion: flags.resourceVersion,
      only: flags.proxy ?? [],
      threshold: settings.threshold,
      timeoutMs: settings.timeoutMs,
      source: client && new ClusterSource(client, resource, settings.awaited, flags.resourceVersion),
      stillThere: (proxies) => (client ? thoseThere(client, proxies) : Promise.resolve([...proxies])),
      onTally(tally) {
        progress?.wait(progressText(tally));
        if (flags.verbose) tellChanges(tally, told, performance.now() - began);
      },
    });
    progress?.stop();
    return await finish(resource, watched, { ...settings, flags, seconds: (performance.now() - began) / 1000 });
  } catch (error) {
    throw toCliError(error);
  } finally {
    progress?.stop();
    asker.close();
    await close();
  }
}

/** @throws CliError (usage) */
function readSettings(flags: WaitFlags): Settings {
  const threshold = Number(flags.threshold);
  if (flags.threshold.trim() === '' || !(threshold >= 0 && threshold <= 1))
    throw usageError(`--threshold takes a share of the proxies from 0 to 1, not "${flags.threshold}"`);
  const timeout = parseDuration(flags.timeout);
  if (timeout === undefined || timeout < 0) throw usageError(`--timeout takes a duration such as 30s or 1m30s, not "${flags.timeout}"`);
  if (flags.resourceVersion === '') throw usageError('--resource-version is empty', 'kubectl get -o jsonpath={.metadata.resourceVersion} prints one.');
  return {
    awaited: parseChoice('for', flags.for, awaited),
    threshold,
    timeoutMs: Math.min(timeout / 1e6, 2 ** 31 - 1),
    output: parseChoice('output', flags.output, ['text', 'json', 'yaml']),
  };
}

async function finish(
  resource: WaitedResource,
  watched: Watched,
  { awaited: what, threshold, timeoutMs, output, flags, seconds }: Settings & { flags: WaitFlags; seconds: number },
): Promise<number> {
  const { tally, isReached } = watched;
  const text = resourceText(resource);
  if (output !== 'text') write('stdout', formatted(documentOf(resource, watched, { what, threshold, seconds }), output));
  else if (isReached) {
    const style = await styleFor(wantsColour(flags.color, 'stdout'));
    write('stdout', `${style.good('✔')} ${reachedText(text, what, tally, threshold)}\n`);
  }
  if (isReached) return exitCode.ok;
  const style = await styleFor(wantsColour(flags.color, 'stderr'));
  for (const line of tally.isServed ? behindLines(tally.proxies) : []) write('stderr', `${style.error('✘')} ${line}\n`);
  const only = flags.proxy ?? [];
  const help =
    only.length > 0 && tally.isServed && tally.proxies.length === 0
      ? knownProxies(only, watched)
      : 'weft proxy-status shows what each proxy has acknowledged. --timeout gives them more time, --threshold asks for fewer, --proxy for some.';
  const enough = tally.proxies.length > 0 && threshold < 1 ? `, and ${neededOf(tally.proxies.length, threshold)} have to` : '';
  const ended = timeoutMs === 0 ? 'looked once' : `gave up after ${formatDuration(timeoutMs * 1e6)}`;
  throw new CliError(`${ended}: ${missedText(text, what, tally, only)}${enough}`, undefined, help);
}

/** Of those that were asked for none is there. */
function knownProxies([wanted = '']: readonly string[], { answers }: Watched): string {
  const names = answers.flatMap(({ answer }) => answer.proxies.map(fullName));
  return names.length > 0 ? knownNames(wanted, names, 'There are') : 'No other one is, either.';
}

/** With `-v`: a line for each change of a proxy. */
function tellChanges({ isServed, why, proxies }: Tally, told: Map<string, string>, elapsedMs: number): void {
  const tell = (key: string, state: string, text: string): void => {
    if (told.get(key) === state) return;
    told.set(key, state);
    write('stderr', `${(elapsedMs / 1000).toFixed(2).padStart(6)}s  ${text}\n`);
  };
  if (!isServed) tell('', why, why);
  else for (const proxy of proxies) tell(proxy.key, proxy.state, behindText(proxy));
}

/** For programs. */
function documentOf(
  { kindText: kind, namespace, name }: WaitedResource,
  { isReached, tally, answers, resourceVersion }: Watched,
  { what, threshold, seconds }: { what: Awaited; threshold: number; seconds: number },
): object {
  const { proxies, acknowledged, why } = tally;
  return {
    resource: { kind, ...(namespace === '' ? {} : { namespace }), name, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    for: what,
    reached: isReached,
    seconds: Math.round(seconds * 1000) / 1000,
    threshold,
    proxies: { total: proxies.length, acknowledged },
    ...(why === '' ? {} : { reason: why }),
    behind: proxies.filter(({ state }) => state !== 'acknowledged').map(plain),
    controlPlane: answers.map(({ name: replica, answer }) => ({
      name: replica,
      ...(answer.about.revision === undefined ? {} : { revision: answer.about.revision }),
      version: answer.about.version,
      state: answer.resource.state,
    })),
  };
}

function plain({ name, namespace, id, program, state, forMs, types, text }: ProxyProgress): object {
  return {
    name,
    namespace,
    ...(id === '' ? {} : { id, program }),
    state,
    ...(forMs === undefined ? {} : { seconds: Math.round(forMs) / 1000 }),
    ...(types ? { types } : {}),
    ...(text === undefined ? {} : { refusal: text }),
  };
}
