import { type FileProblem, MissingFileError, readFiles } from '../../manifest/files.ts';
import { groupOf } from '../../manifest/kinds.ts';
import { positionAt } from '../../manifest/position.ts';
import { splitDocuments } from '../../manifest/split.ts';
import { parseYaml, YamlError } from '../../manifest/yaml.ts';
import { isMap, text } from '../../model/untyped.ts';
import { CliError, exitCode } from '../exit.ts';
import { readStdinSync } from '../stdin.ts';

/** One object of a manifest. */
export interface ManifestObject {
  kind: string;
  namespace: string;
  name: string;
  /** Without the version of its API: the same object in two versions is compared. */
  id: string;
  value: Record<string, unknown>;
}

/**
 * All objects of a file, a directory, or standard input (`-`), with those of Lists one by one.
 *
 * @throws CliError for what cannot be read: a comparison with half of it would be wrong
 */
export function readObjects(path: string): ManifestObject[] {
  const { sources, unreadable } = files(path);
  const [problem] = unreadable;
  if (problem) throw new CliError(`cannot read ${problem.path}: ${problem.text}`);
  const out: ManifestObject[] = [];
  for (const source of sources) {
    for (const { start, end } of splitDocuments(source.text)) {
      const place = (offset: number): string => `${source.name}:${positionAt(source, start + offset).line}`;
      let value: unknown;
      try {
        value = parseYaml(source.text.slice(start, end), true).value;
      } catch (error) {
        if (!(error instanceof YamlError)) throw error;
        throw new CliError(`${place(error.offset)}: this is no valid YAML: ${error.message}`, exitCode.unparsable);
      }
      if (value === null || value === undefined) continue;
      if (!isMap(value) || typeof value.kind !== 'string') throw new CliError(`${place(0)}: this is no Kubernetes object: it has no kind`, exitCode.unparsable);
      const items = value.kind === 'List' && Array.isArray(value.items) ? value.items.filter(isMap) : [value];
      out.push(...items.map(objectOf));
    }
  }
  return out;
}

function files(path: string): ReturnType<typeof readFiles> & { unreadable: readonly FileProblem[] } {
  try {
    return readFiles([path], readStdinSync, { anyExtension: true });
  } catch (error) {
    if (!(error instanceof MissingFileError)) throw error;
    throw new CliError(error.message);
  }
}

function objectOf(value: Record<string, unknown>): ManifestObject {
  const metadata = isMap(value.metadata) ? value.metadata : {};
  const [kind, namespace, name] = [text(value.kind), text(metadata.namespace), text(metadata.name)];
  return { kind, namespace, name, id: `${groupOf(text(value.apiVersion))}/${kind}/${namespace}/${name}`, value };
}
