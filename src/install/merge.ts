// The values that are installed: `default`, the profile, files from left to right, and --set in order, each over those before it.
import type { Path } from '../manifest/problem.ts';
import { checkValues } from './check-values.ts';
import { layOver } from './lay-over.ts';
import type { Layer } from './layer.ts';
import { gatewayNames } from './operator/gateways.ts';
import type { ValueProblem } from './problem.ts';
import { gatewayDefaults, profileNames, profileValues } from './profiles.ts';
import { valuesSchema } from './schema.ts';
import { readFlag, readSetting } from './set-layer.ts';
import { readValueFile, type ValueFile } from './value-file.ts';
import type { Values } from './values.ts';

export interface MergeInput {
  files: readonly ValueFile[];
  /** `PATH=VALUE` each. */
  set: readonly string[];
  /** Stronger than what files and settings say. */
  profile?: string | undefined;
  revision?: string | undefined;
  namespace?: string | undefined;
}

export interface Merged {
  /** Complete, but not to be used where there are problems. */
  values: Values;
  /** What differs from the profile because the user said so, to be said again at the next version. */
  overrides: Record<string, unknown>;
  problems: ValueProblem[];
}

export function mergeValues(input: MergeInput): Merged {
  const problems: ValueProblem[] = [];
  const names = gatewayNames();
  const layers: Layer[] = [];
  for (const file of input.files) {
    const layer = readValueFile(file, names, problems);
    if (layer) layers.push(layer);
  }
  const chosen = input.profile ?? profileOfSettings(input.set) ?? layers.findLast(({ values }) => values.profile !== undefined)?.values.profile;
  const profile = profileNames.find((name) => name === chosen) ?? 'default';

  let overrides: Record<string, unknown> = {};
  const settle = (): Record<string, unknown> => layOver(valuesSchema, profileValues(profile), overrides, gatewayDefaults) as Record<string, unknown>;
  const add = (layer: Layer | undefined): void => {
    if (layer) overrides = layOver(valuesSchema, overrides, layer.values) as Record<string, unknown>;
  };
  for (const layer of layers) add(layer);
  for (const text of input.set) {
    const layer = readSetting(text, settle(), names, problems);
    if (layer) layers.push(layer);
    add(layer);
  }
  const flags = [
    ['profile', '--profile', input.profile],
    ['revision', '--revision', input.revision],
    ['namespace', '--istioNamespace', input.namespace],
  ] as const;
  for (const [name, flag, value] of flags) {
    const layer = value === undefined ? undefined : readFlag(name, flag, value, problems);
    if (layer) layers.push(layer);
    add(layer);
  }
  const values = complete(settle());
  problems.push(...checkValues(values, (path) => placeOf(layers, path)));
  return { values, overrides, problems };
}

function profileOfSettings(set: readonly string[]): string | undefined {
  return set.findLast((text) => /^(?:values\.)?profile=/.test(text))?.replace(/^[^=]*=/, '');
}

/** Where the last one that said something of a value did; items of `gateways` are told by their name. */
function placeOf(layers: readonly Layer[], path: Path): { where: string; path: string } | undefined {
  for (let length = path.length; length > 0; length--) {
    for (const layer of layers.toReversed()) {
      const own = pathIn(layer.values, path.slice(0, length));
      if (own) return layer.place(own);
    }
  }
  return undefined;
}

function pathIn(values: unknown, path: Path): Path | undefined {
  const out: (string | number)[] = [];
  let at = values;
  for (const part of path) {
    const key = Array.isArray(at) && typeof part === 'string' ? at.findIndex((item: unknown) => (item as { name?: unknown } | null)?.name === part) : part;
    if (typeof at !== 'object' || at === null || !(key in at)) return undefined;
    out.push(key);
    at = (at as Record<string | number, unknown>)[key];
  }
  return out;
}

/** With what follows from other values. */
function complete(merged: Record<string, unknown>): Values {
  const values = merged as unknown as Values;
  const gateways = values.gateways.map((gateway) => {
    const ports = gateway.service.ports.map((port) => ({ ...port, targetPort: port.targetPort ?? port.port }));
    return { ...gateway, service: { ...gateway.service, ports } };
  });
  return { ...values, gateways };
}
