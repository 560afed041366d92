import type { Style } from '../../analysis/report/style.ts';
import { toYaml } from '../../install/render/yaml.ts';
import { isMap } from '../../model/untyped.ts';
import { exitCode, usageError } from '../exit.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { changedLines } from './changed-lines.ts';
import { type ManifestObject, readObjects } from './objects.ts';

interface DiffFlags {
  select?: string[];
  ignore?: string[];
  color?: boolean;
}

/**
 * Says in what two sets of objects differ.
 *
 * @returns the exit code: 1 where they differ, as that of diff
 * @throws CliError for what cannot be read
 */
export async function runManifestDiff(before: string, after: string, flags: DiffFlags): Promise<number> {
  if (before === '-' && after === '-') throw usageError('standard input (-) can be read once');
  const isWanted = filterOf(flags);
  const [old, now] = [before, after].map((path) => byId(readObjects(path).filter(isWanted))) as [Objects, Objects];
  const style = await styleFor(wantsColour(flags.color, 'stdout'));
  const ids = [...new Set([...old.keys(), ...now.keys()])];
  const texts = ids.flatMap((id) => difference(old.get(id), now.get(id), style));
  write('stdout', texts.join(''));
  write('stderr', texts.length === 0 ? `The ${old.size} objects are the same.\n` : `${texts.length} of ${ids.length} objects differ.\n`);
  return texts.length === 0 ? exitCode.ok : exitCode.error;
}

type Objects = ReadonlyMap<string, ManifestObject>;

function byId(objects: readonly ManifestObject[]): Objects {
  return new Map(objects.map((object) => [object.id, object]));
}

function difference(before: ManifestObject | undefined, after: ManifestObject | undefined, style: Style): string[] {
  const { kind, namespace, name } = (after ?? before) as ManifestObject;
  const title = style.strong(`${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`);
  if (!before) return [`${style.good('+')} ${title}\n`];
  if (!after) return [`${style.error('-')} ${title}\n`];
  const lines = changedLines(toYaml(sorted(before.value)), toYaml(sorted(after.value)), style);
  return lines.length === 0 ? [] : [`${style.warning('~')} ${title}\n${lines.map((line) => `  ${line}\n`).join('')}`];
}

/** The order of keys means nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

function filterOf({ select, ignore }: DiffFlags): (object: ManifestObject) => boolean {
  const [wanted, unwanted] = [select, ignore].map((list) => list?.flatMap((text) => text.split(',')).map(patternOf));
  return (object) => (wanted?.some((fits) => fits(object)) ?? true) && !unwanted?.some((fits) => fits(object));
}

/** `KIND:NAMESPACE:NAME`; what is left out, or `*`, is any. */
function patternOf(text: string): (object: ManifestObject) => boolean {
  const parts = text.trim().split(':');
  if (parts.length > 3) throw usageError(`objects are KIND:NAMESPACE:NAME, not "${text.trim()}"`);
  const [kind, namespace, name] = [0, 1, 2].map((i) => new RegExp(`^${(parts[i] || '*').replace(/[.+?^$()[\]{}|\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i'));
  return (object) => [kind, namespace, name].every((part, i) => part?.test([object.kind, object.namespace, object.name][i] as string));
}
