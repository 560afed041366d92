// A file with values, or with an IstioOperator.
import { locate, positionAt, startOf } from '../manifest/position.ts';
import { formatPath, type Path } from '../manifest/problem.ts';
import { Resource, type SourceDocument, type SourceText } from '../manifest/resource.ts';
import { splitDocuments } from '../manifest/split.ts';
import { parseYaml, YamlError } from '../manifest/yaml.ts';
import { isMap } from '../model/untyped.ts';
import { elsewhere, type Layer } from './layer.ts';
import type { GatewayNames } from './operator/gateways.ts';
import { translateOperator } from './operator/translate.ts';
import type { ValueProblem } from './problem.ts';
import { readValue } from './schema/read.ts';
import { valuesSchema } from './schema.ts';

export interface ValueFile {
  /** As the user wrote it; `-` for standard input. */
  name: string;
  text: string;
}

/** @param names changed by what an IstioOperator says of gateways */
export function readValueFile({ name, text }: ValueFile, names: GatewayNames, problems: ValueProblem[]): Layer | undefined {
  const source: SourceText = { name, text, json: name.endsWith('.json') };
  const whole = (line: number, said: string, help?: string): undefined => {
    problems.push({ where: `${name}:${line}`, path: '', text: said, ...(help === undefined ? {} : { help }) });
    return undefined;
  };
  const chunks = splitDocuments(text);
  const [first, second] = chunks;
  if (!first) return undefined;
  if (second) return whole(positionAt(source, second.start).line, 'a second document begins here, and values are one', 'give it as a file of its own');
  const document: SourceDocument = { source, index: 0, ...first };
  let value: unknown;
  try {
    value = parseYaml(text.slice(first.start, first.end)).value;
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const help = error.duplicateKey ? 'remove one of the two' : undefined;
    return whole(positionAt(source, first.start + error.offset).line, `this is no valid YAML: ${error.message}`, help);
  }
  if (value === undefined || value === null) return undefined;
  if (!isMap(value)) return whole(positionAt(source, first.start).line, 'values are a map, and this is something else');

  const resource = new Resource({ apiVersion: '', kind: '', metadata: {} }, '', '', document);
  const whereIs = (path: Path): string => {
    const place = locate(resource, path)?.place;
    return `${name}:${positionAt(source, place ? startOf(source, place) : first.start).line}`;
  };
  const report = (path: Path, said: string, help?: string, ignorable?: true): void => {
    problems.push({ where: whereIs(path), path: formatPath(path), text: said, ...(help === undefined ? {} : { help }), ...(ignorable ? { ignorable } : {}) });
  };

  if (value.apiVersion === undefined && value.kind === undefined) {
    const values = readValue(valuesSchema, value, [], { report, suggest: elsewhere }) as Record<string, unknown>;
    return { values, place: (path) => ({ where: whereIs(path), path: formatPath(path) }) };
  }
  if (value.kind !== 'IstioOperator') {
    return whole(positionAt(source, first.start).line, `this is a ${String(value.kind)}, and values are a map without kind, or an IstioOperator`);
  }
  const translated = translateOperator(value.spec ?? {}, ['spec'], names, {
    refuse: (path, help) => report(path, 'has no meaning for weft', help, true),
    wrong: report,
  });
  const back = (path: Path): Path => sourceOf(translated.sources, path);
  const values = readValue(valuesSchema, translated.values, [], { report: (path, said, help) => report(back(path), said, help) });
  return { values: values as Record<string, unknown>, place: (path) => ({ where: whereIs(back(path)), path: formatPath(back(path)) }) };
}

/** The path in the source of a path of ours: that of the nearest value that was put somewhere, and the rest. */
function sourceOf(sources: ReadonlyMap<string, Path>, path: Path): Path {
  for (let length = path.length; length > 0; length--) {
    const found = sources.get(JSON.stringify(path.slice(0, length)));
    if (found) return [...found, ...path.slice(length)];
  }
  return path;
}
