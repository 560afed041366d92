import { renderManifests } from '../../install/render/manifests.ts';
import { manifestYaml } from '../../install/render/yaml.ts';
import { type Component, componentNames } from '../../install/values.ts';
import { nearest } from '../../manifest/nearest.ts';
import { exitCode, usageError } from '../exit.ts';
import { readValues, type ValueFlags } from '../install/read-values.ts';
import { write } from '../terminal.ts';
import { version } from '../version.ts';

interface GenerateFlags extends ValueFlags {
  filter?: string;
}

/**
 * Prints what the values stand for as YAML documents, with those that others need first.
 *
 * @throws CliError for wrong values
 */
export function runGenerate(flags: GenerateFlags): number {
  const wanted = flags.filter === undefined ? componentNames : flags.filter.split(',').map(parseComponent);
  const { values, overrides } = readValues(flags);
  const objects = renderManifests(values, { weftVersion: version, overrides }).filter(({ component }) => wanted.includes(component));
  write('stdout', manifestYaml(objects.map(({ object }) => object)));
  return exitCode.ok;
}

function parseComponent(text: string): Component {
  const found = componentNames.find((name) => name.toLowerCase() === text.trim().toLowerCase());
  if (found) return found;
  const near = nearest(text.trim(), componentNames);
  throw usageError(`--filter takes ${componentNames.join(', ')}, not "${text.trim()}"`, near && `Did you mean ${near}?`);
}
