import type { SourceText } from '../../manifest/resource.ts';
import { parseYaml, YamlError } from '../../manifest/yaml.ts';
import { documentsWith, textFile, textOf } from './documents.ts';
import { writtenObject } from './references.ts';

/**
 * The namespaces in which objects of a name are, without reading all documents. Undefined where only reading everything tells.
 *
 * @param kinds any of these
 */
export function namespacesWith(
  sources: readonly SourceText[],
  name: string,
  kinds: ReadonlySet<string>,
  defaultNamespace: string,
): ReadonlySet<string> | undefined {
  const found = new Set<string>();
  for (const source of sources) {
    const file = textFile(source);
    if (!file || file.documents.some(({ kind }) => kind === undefined)) return undefined;
    for (const document of documentsWith(file, name.toLowerCase())) {
      if (!kinds.has(document.kind ?? '')) continue;
      try {
        const object = writtenObject(parseYaml(textOf(document), true).value, defaultNamespace);
        if (object?.name === name) found.add(object.namespace);
      } catch (error) {
        if (!(error instanceof YamlError)) throw error;
      }
    }
  }
  return found;
}
