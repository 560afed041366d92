import type { AnyAnalyzer, Preset } from '../../analysis/engine.ts';
import { nearest } from '../../manifest/nearest.ts';
import { usageError } from '../exit.ts';

const order: readonly Preset[] = ['reference', 'recommended', 'strict'];

/**
 * The analyzers of a preset, or those that --analyzer names.
 *
 * @throws CliError (usage) for names that no analyzer has; the preset `reference` only warns, as the reference goes on
 */
export function chooseAnalyzers(
  all: readonly AnyAnalyzer[],
  names: readonly string[] | undefined,
  preset: Preset,
  warn: (text: string) => void,
): AnyAnalyzer[] {
  // The reference takes a text with commas for one name.
  const listed = (name: string): string[] => (preset === 'reference' ? [name] : name.split(','));
  const wanted = new Set((names ?? []).flatMap(listed).filter((n) => n !== ''));
  if (wanted.size > 0) {
    const chosen: AnyAnalyzer[] = [];
    for (const name of wanted) {
      const found = all.find((a) => a.name === name);
      if (found) {
        chosen.push(found);
        continue;
      }
      const near = nearest(
        name,
        all.map((a) => a.name),
      );
      const text = `there is no analyzer "${name}"${near ? `; did you mean ${near}?` : ''}`;
      if (preset !== 'reference') throw usageError(text, 'weft analyze -L lists them.');
      warn(text);
    }
    if (chosen.length > 0) return chosen;
    warn('none of the analyzers that were named exists, so all of them run');
  }
  const rank = order.indexOf(preset);
  return all.filter((a) => order.indexOf(a.preset) <= rank && (preset === 'reference' || !a.supersededBy));
}

/** `-L`: names and what they look for, by name. */
export function listAnalyzers(all: readonly AnyAnalyzer[]): string {
  return [...all]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((a) => `* ${a.name}:\n    ${a.summary}\n`)
    .join('');
}
