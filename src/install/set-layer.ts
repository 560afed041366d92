// One `--set`, as a layer over what is there before it.
import type { Path } from '../manifest/problem.ts';
import { isMap } from '../model/untyped.ts';
import { elsewhere, type Layer } from './layer.ts';
import { type GatewayNames, gatewayNames } from './operator/gateways.ts';
import { isOperatorPath, translateOperator } from './operator/translate.ts';
import type { ValueProblem } from './problem.ts';
import { type Report, readValue } from './schema/read.ts';
import { isValueMap, SetText } from './schema/set-text.ts';
import type { Schema } from './schema/types.ts';
import { valuesSchema } from './schema.ts';
import { formatSetPath, parseSetting, type Segment, type Setting } from './set-path.ts';
import type { Values } from './values.ts';

/** A path that leads nowhere. */
class BadPath extends Error {}

/**
 * @param current the values before it: indexes of lists are those of its lists
 * @param names changed by what it says of gateways
 */
export function readSetting(text: string, current: Record<string, unknown>, names: GatewayNames, problems: ValueProblem[]): Layer | undefined {
  const setting = parseSetting(text);
  if (typeof setting !== 'string') return layerOf(setting, `--set ${setting.written}`, current, names, problems);
  problems.push({ where: `--set ${text}`, path: '', text: setting });
  return undefined;
}

/** A value that has a flag of its own. @param flag as users write it */
export function readFlag(name: keyof Values, flag: string, text: string, problems: ValueProblem[]): Layer | undefined {
  return layerOf({ written: name, segments: [name], value: new SetText(text) }, flag, {}, gatewayNames(), problems);
}

function layerOf(
  { segments, value }: Setting,
  where: string,
  current: Record<string, unknown>,
  names: GatewayNames,
  problems: ValueProblem[],
): Layer | undefined {
  const add = (path: string, said: string, help?: string, ignorable?: true): void => {
    problems.push({ where, path, text: said, ...(help === undefined ? {} : { help }), ...(ignorable ? { ignorable } : {}) });
  };
  const place: Layer['place'] = () => ({ where, path: '' });
  const report: Report = (path, said, help) => add(saidPath(path, segments), said, help);
  try {
    if (isOperatorPath(segments[0])) {
      const translated = translateOperator(nest(segments, value), [], names, {
        refuse: (_, help) => add('', 'has no meaning for weft', help, true),
        wrong: report,
      });
      return { values: readValue(valuesSchema, translated.values, [], { report: (_, said, help) => add('', said, help) }) as Record<string, unknown>, place };
    }
    const values = setIn(valuesSchema, current, segments, value);
    return { values: readValue(valuesSchema, values, [], { report, suggest: elsewhere }) as Record<string, unknown>, place };
  } catch (error) {
    if (!(error instanceof BadPath)) throw error;
    add('', error.message);
    return undefined;
  }
}

/** The setting names its path already; what is deeper, or higher, is told. */
function saidPath(path: Path, segments: readonly Segment[]): string {
  const keys = path.filter((part) => typeof part === 'string').join('\0');
  const asked = segments.filter((part) => typeof part === 'string').join('\0');
  return keys === asked ? '' : formatSetPath(path);
}

/** The spec of an IstioOperator that has this value only. */
function nest(segments: readonly Segment[], value: unknown): unknown {
  const [head, ...rest] = segments;
  if (head === undefined) return value;
  if (typeof head === 'string') return { [head]: nest(rest, value) };
  if (typeof head === 'object') return [{ name: new SetText(head.name), ...(nest(rest, value) as object) }];
  const list: unknown[] = [];
  list[head] = nest(rest, value);
  return list;
}

/** What is to be laid over the current value, so that the path has the value. */
function setIn(schema: Schema | undefined, current: unknown, segments: readonly Segment[], value: unknown): unknown {
  const [head, ...rest] = segments;
  if (head === undefined) return isNull(value) && (schema === undefined || schema.optional || schema.type === 'free') ? null : value;
  if (typeof head === 'string') {
    const inner = schema?.type === 'object' ? schema.fields[head] : schema?.type === 'map' ? { ...schema.values, optional: true as const } : undefined;
    return { [head]: setIn(inner, isMap(current) ? current[head] : undefined, rest, value) };
  }
  if (schema && schema.type !== 'list' && schema.type !== 'message' && schema.type !== 'free')
    throw new BadPath('goes into a list, and there is none at this place');
  const items = schema?.type === 'list' ? schema.items : undefined;
  const list: readonly unknown[] = Array.isArray(current) ? current : [];
  const mergeBy = schema?.type === 'list' ? schema.mergeBy : undefined;
  const index = typeof head === 'number' ? head : list.findIndex((item) => isMap(item) && item.name === head.name);
  if (index > list.length) throw new BadPath(`names item ${index} of a list that has ${list.length}`);
  const at = index < 0 ? list.length : index;
  if (mergeBy !== undefined && index < 0 && typeof head === 'object' && rest[0] === 'enabled' && value instanceof SetText && value.text === 'false') {
    const names = list.map((item) => (isMap(item) ? String(item[mergeBy]) : ''));
    throw new BadPath(`turns off ${head.name}, which is not there; there are: ${names.join(', ')}`);
  }
  const item = setIn(items, list[at], rest, value);
  if (mergeBy !== undefined) {
    const known = list[at] as Record<string, unknown> | undefined;
    const name = typeof head === 'object' ? head.name : known?.[mergeBy];
    const given = isValueMap(item) ? item[mergeBy] : undefined;
    if (name === undefined && given === undefined) throw new BadPath(`names item ${at} of a list that has ${list.length}; set its ${mergeBy} first`);
    return [isValueMap(item) ? { [mergeBy]: name, ...item } : item];
  }
  const named = typeof head === 'object' && index < 0 && isValueMap(item) ? { name: head.name, ...item } : item;
  const out = [...list];
  out[at] = isMap(list[at]) && isValueMap(named) ? deepOver(list[at], named) : named;
  return out;
}

const isNull = (value: unknown): boolean => value instanceof SetText && value.text === 'null';

function deepOver(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = out[key];
    out[key] = isMap(before) && isValueMap(value) ? deepOver(before, value) : value;
  }
  return out;
}
