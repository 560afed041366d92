// Injection into manifests: every object that makes pods gets them with sidecars, and everything else stays as it is, byte for byte.
import { dump } from 'js-yaml';
import { locate, positionAt, startOf } from '../manifest/position.ts';
import type { Path } from '../manifest/problem.ts';
import { type RawObject, Resource, type SourceDocument, type SourceText } from '../manifest/resource.ts';
import { splitDocuments } from '../manifest/split.ts';
import { parseYaml, YamlError } from '../manifest/yaml.ts';
import { isMap } from '../model/untyped.ts';
import type { InjectionConfig } from './config.ts';
import { InjectionError } from './error.ts';
import { injectPod } from './inject.ts';
import type { MeshSettings } from './settings.ts';
import { withPod, workloadOf } from './workload.ts';

export interface ManifestInjection {
  config: InjectionConfig;
  mesh?: MeshSettings;
  nodeVersions?: readonly string[];
  /** Of objects that name none. */
  defaultNamespace: string;
}

/** What is wrong in a manifest. Nothing of it is to be used then. */
export interface ManifestProblem {
  source: SourceText;
  /** One-based. */
  line: number;
  text: string;
  help?: string | undefined;
  /** It cannot be read at all. */
  unparsable: boolean;
}

export interface InjectedManifest {
  text: string;
  /** `Deployment shop/web`, in the order of the text. */
  injected: string[];
  /** Objects that make pods and are left alone, with the reason. */
  skipped: { object: string; reason: string }[];
  problems: ManifestProblem[];
}

/** Never throws for what the text says: that is in `problems`. */
export function injectManifest(source: SourceText, options: ManifestInjection): InjectedManifest {
  const out: InjectedManifest = { text: '', injected: [], skipped: [], problems: [] };
  const pieces: string[] = [];
  let copied = 0;
  for (const [index, { start, end }] of splitDocuments(source.text).entries()) {
    const replacement = injectDocument({ source, index, start, end }, options, out);
    if (replacement === undefined) continue;
    pieces.push(source.text.slice(copied, start), replacement);
    copied = end;
  }
  out.text = pieces.join('') + source.text.slice(copied);
  return out;
}

/** The new text of a document; undefined: the one that it has. */
function injectDocument(document: SourceDocument, options: ManifestInjection, out: InjectedManifest): string | undefined {
  const { source, start, end } = document;
  const text = source.text.slice(start, end);
  const problem = (offset: number, message: string, help?: string): void => {
    out.problems.push({ source, line: positionAt(source, offset).line, text: message, help, unparsable: true });
  };
  let value: unknown;
  try {
    value = parseYaml(text, true).value;
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    problem(start + Math.min(error.offset, text.trimEnd().length), `this is not valid YAML: ${error.message}`);
    return undefined;
  }
  if (!isMap(value)) return undefined;
  const changed = injectObject(value, [], document, options, out);
  if (changed === undefined) return undefined;
  try {
    parseYaml(text);
  } catch (error) {
    // Written anew, the document would have lost the first one without a word.
    if (error instanceof YamlError && error.duplicateKey) problem(start + error.offset, 'this key is set twice in one map', 'Remove one of the two.');
  }
  return formatted(text, changed);
}

/** The object with sidecars; undefined where nothing changes. */
function injectObject(
  object: Record<string, unknown>,
  within: Path,
  document: SourceDocument,
  options: ManifestInjection,
  out: InjectedManifest,
): Record<string, unknown> | undefined {
  if (object.kind === 'List' && object.apiVersion === 'v1' && Array.isArray(object.items)) {
    const items = object.items.map((item: unknown, index) =>
      isMap(item) ? injectObject(item, [...within, 'items', index], document, options, out) : undefined,
    );
    if (items.every((item) => item === undefined)) return undefined;
    return { ...object, items: object.items.map((item: unknown, index) => items[index] ?? item) };
  }
  const workload = workloadOf(object);
  if (!workload) return undefined;
  const { path, pod, owner } = workload;
  const namespace = workload.namespace || options.defaultNamespace;
  const name = `${String(object.kind)} ${namespace}/${nameIn(object)}`;
  try {
    if (!isMap(pod)) throw new InjectionError(`${path.join('.')} is missing, and a ${String(object.kind)} makes its pods of it`);
    const result = injectPod(pod, { namespace, owner, ...settingsOf(options) }, options.config);
    if (!result.injected) {
      out.skipped.push({ object: name, reason: result.reason });
      return undefined;
    }
    out.injected.push(name);
    return withPod(object, path, result.pod);
  } catch (error) {
    if (!(error instanceof InjectionError)) throw error;
    const line = lineOf(document, within, [...path, ...error.path]);
    out.problems.push({ source: document.source, line, text: `${name}: ${error.message}`, help: error.help, unparsable: false });
    return undefined;
  }
}

function settingsOf({ mesh, nodeVersions }: ManifestInjection): { mesh?: MeshSettings; nodeVersions?: readonly string[] } {
  return { ...(mesh ? { mesh } : {}), ...(nodeVersions ? { nodeVersions } : {}) };
}

function nameIn({ metadata }: Record<string, unknown>): string {
  const { name, generateName } = isMap(metadata) ? metadata : {};
  return typeof name === 'string' ? name : typeof generateName === 'string' ? `${generateName}…` : '(no name)';
}

function lineOf(document: SourceDocument, within: Path, path: Path): number {
  const { source, start } = document;
  const raw: RawObject = { apiVersion: '', kind: '', metadata: {} };
  const place = locate(new Resource(raw, '', '', document, within), path)?.place;
  return positionAt(source, place ? startOf(source, place) : start).line;
}

/** As the document was written: JSON stays JSON, comments at its beginning stay there. */
function formatted(text: string, value: object): string {
  const comments = /^(?:[ \t]*#[^\n]*\n|[ \t]*\r?\n)*/.exec(text)?.[0] ?? '';
  const rest = text.slice(comments.length);
  if (rest.startsWith('{')) return `${comments}${JSON.stringify(value, null, 2)}\n`;
  // Aliases are written out.
  return comments + dump(JSON.parse(JSON.stringify(value)), { noRefs: true, lineWidth: -1 });
}
