import { inParallel } from '../../kube/in-parallel.ts';
import { isLogLevel, logLevels } from '../../proxy/telemetry/log.ts';
import { isJson, message, text } from '../../proxy-config/json.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { write } from '../terminal.ts';
import { type Admin, adminsWith, ask, openAdmin } from './admin.ts';
import type { SourceFlags } from './source.ts';

export interface LogFlags extends SourceFlags {
  level?: string;
  reset?: boolean;
  selector?: string;
}

/** Of the embedded sidecar, which does not tell what it was started with. */
const usualLevel = 'info';

/**
 * Prints the levels of a proxy's logs, after a change of them where one is wanted; of all proxies whose pods have the labels, where these are
 * given.
 *
 * @throws CliError where a proxy cannot be asked, or does not know a logger; the others have been asked then, too
 */
export async function runLog(pod: string | undefined, flags: LogFlags): Promise<number> {
  const { level, reset } = flags;
  if (level !== undefined && reset) throw usageError('--level and --reset are two wishes: give one');
  const wanted = level === undefined ? undefined : parseLevels(level);
  if (flags.selector === undefined) {
    const admin = await openAdmin(pod, flags);
    write('stdout', await changed(admin, { wanted, reset }).finally(admin.close));
    return exitCode.ok;
  }
  const { admins, close } = await adminsWith(pod, flags.selector, flags);
  const failures: string[] = [];
  try {
    const pages = await inParallel(admins, async (admin) => {
      try {
        return `${admin.name}:\n${(await changed(admin, { wanted, reset })).trimEnd()}\n`;
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        failures.push(error.message);
        return [];
      }
    });
    write('stdout', pages.flat().join('\n'));
  } finally {
    close();
  }
  if (failures.length > 0) throw new CliError(`${failures.length} of ${admins.length} proxies did not answer:\n${failures.sort().join('\n')}`);
  return exitCode.ok;
}

/** The levels, after they were changed. */
async function changed(admin: Admin, { wanted, reset }: { wanted: readonly string[] | undefined; reset: boolean | undefined }): Promise<string> {
  let page: string | undefined;
  for (const change of reset ? await startLevels(admin) : (wanted ?? [])) page = await post(admin, `/logging?${change}`);
  return page ?? (await post(admin, '/logging'));
}

function post(admin: Admin, path: string): Promise<string> {
  return ask(admin, () => admin.client.post(path), 'weft proxy-config log without flags lists its loggers.');
}

/**
 * `debug` or `all:debug` is for every logger, `http:debug,router:trace` for some: as parameters of `/logging`, in the order in which they are sent.
 *
 * @throws CliError (usage)
 */
export function parseLevels(text: string): string[] {
  const all: string[] = [];
  const some: string[] = [];
  for (const part of text.split(',')) {
    const [logger, level, more] = part.includes(':') ? part.split(':') : ['all', part];
    if (!logger || level === undefined || more !== undefined || !isLogLevel(level))
      throw usageError(`--level cannot read "${part}"`, `It takes LEVEL or LOGGER:LEVEL,…, with ${logLevels.join(', ')}.`);
    if (logger === 'all') all.push(`level=${level}`);
    else some.push(`${logger}:${level}`);
  }
  return [...all, ...(some.length > 0 ? [`paths=${encodeURIComponent(some.join(','))}`] : [])];
}

/** The levels that the proxy was started with: an Envoy tells them. */
async function startLevels(admin: Admin): Promise<string[]> {
  const page = await ask(admin, () => admin.client.page('/server_info'));
  let info: unknown;
  try {
    info = JSON.parse(page);
  } catch {
    // Something else than a proxy: the command itself fails with what it says.
  }
  const options = isJson(info) ? message(info, 'command_line_options') : {};
  const components = text(options, 'component_log_level');
  return [`level=${text(options, 'log_level') || usualLevel}`, ...(components === '' ? [] : [`paths=${encodeURIComponent(components)}`])];
}
