import { isClusterScoped, kindName } from './kinds.ts';
import type { Fix, Level, Path } from './problem.ts';
import { type RawObject, Resource, type SourceDocument, type SourceText } from './resource.ts';
import { splitDocuments } from './split.ts';
import { parseYaml, YamlError } from './yaml.ts';

/** What is wrong with the input itself. `offset` is into the source's text. */
export interface InputProblem {
  code: string;
  level: Level;
  /** Absent for an object of a cluster. */
  source: SourceText | undefined;
  /** Absent for a whole file. */
  offset: number | undefined;
  /** Where the faulty text ends; absent: at the end of its line. */
  end?: number;
  text: string;
  help?: string;
  /** The document could not be used: the reference exits with 65. */
  unparsable: boolean;
  /** It has neither apiVersion nor kind, so it may be something else altogether. */
  notAResource?: boolean;
  /** Known where the document was good enough to tell. */
  resource?: Resource;
  path?: Path;
  fix?: Fix;
  /** Other places that have to do with it. */
  related?: readonly { resource: Resource; path?: Path; text: string }[];
}

export interface LoadedSource {
  resources: Resource[];
  problems: InputProblem[];
  /** Objects of kinds that weft does not read, by `Kind.group`. */
  unknownKinds: Map<string, number>;
  /** Objects of kinds of the mesh's own tooling that no analyzer sees: IstioOperator. */
  others: Record<string, unknown>[];
}

export interface LoadOptions {
  /** Namespace of namespaced objects that name none; empty with `--all-namespaces`. */
  defaultNamespace: string;
  /** Whether objects of a kind (by its name in kinds.ts) in a version are read. Others are passed over, whatever is in them. */
  isRead?: (kind: string, apiVersion: string) => boolean;
  /** Documents that are passed over without a look at what is in them. */
  isPassedOver?: ((document: SourceDocument) => boolean) | undefined;
}

/** Namespaces of the cluster's own machinery, whose objects no analyzer sees. */
export const systemNamespaces: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']);

/** Whether an object belongs to such a namespace, or is one. */
export function isOfSystem(kind: string, namespace: string, name: string): boolean {
  return systemNamespaces.has(kind === 'Namespace' ? name : namespace);
}

/** Reads every document of a text into resources. Never throws for what the text contains. */
export function loadSource(source: SourceText, options: LoadOptions): LoadedSource {
  const out: LoadedSource = { resources: [], problems: [], unknownKinds: new Map(), others: [] };
  if (source.text.includes('\u0000')) {
    // A byte order mark of UTF-16 is no UTF-8.
    const utf16 = source.text.startsWith('\ufffd\ufffd');
    const text = utf16 ? 'this file is in UTF-16, and only UTF-8 is read' : 'this is a binary file, not YAML or JSON';
    const help = utf16 ? 'save it as UTF-8' : 'leave it out, or save it as UTF-8 text';
    out.problems.push({ code: 'WFT0001', level: 'Error', source, offset: undefined, text, help, unparsable: true });
    return out;
  }
  const chunks = splitDocuments(source.text);
  for (let index = 0; index < chunks.length; index++) {
    const { start, end } = chunks[index] as { start: number; end: number };
    const document: SourceDocument = { source, index, start, end };
    if (options.isPassedOver?.(document)) continue;
    const value = parseDocument(document, out);
    if (value !== undefined && value !== null) addObject(value, document, [], options, out);
  }
  return out;
}

function parseDocument(document: SourceDocument, out: LoadedSource): unknown {
  const text = document.source.text.slice(document.start, document.end);
  const problem = (code: string, level: Level, offset: number, message: string, help: string, unparsable: boolean): void => {
    out.problems.push({ code, level, source: document.source, offset: document.start + offset, text: message, help, unparsable });
  };
  const damage = document.source.damaged ? text.indexOf('\ufffd') : -1;
  if (damage >= 0) {
    problem('WFT0001', 'Error', damage, 'this document is not in UTF-8', 'save it as UTF-8', true);
    return undefined;
  }
  try {
    let parsed: ReturnType<typeof parseYaml>;
    try {
      parsed = parseYaml(text);
    } catch (error) {
      if (!(error instanceof YamlError && error.duplicateKey)) throw error;
      parsed = parseYaml(text, true);
      problem('WFT0002', 'Warning', error.offset, 'this key is set twice in one map; the last one wins', 'remove one of the two', false);
    }
    if (parsed.plainWordBoolean) reportPlainWords(document, out);
    return parsed.value;
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const help = helpFor(error.message, text);
    const quoted = /(single|double) quoted scalar/.exec(error.message);
    const offset = (quoted && openQuote(text, quoted[1] === 'single' ? "'" : '"')) ?? error.offset;
    problem('WFT0001', 'Error', Math.min(offset, text.trimEnd().length), `this document is not valid YAML: ${error.message}`, help, true);
    return undefined;
  }
}

/** Where a quote begins that nothing ends: parsers notice it at the end of the document only. */
function openQuote(text: string, quote: string): number | undefined {
  const mark = /["'#]/g;
  for (let match = mark.exec(text); match; match = mark.exec(text)) {
    const at = match.index;
    const before = at === 0 ? '\n' : (text[at - 1] as string);
    if (match[0] === '#') {
      if (!/\s/.test(before)) continue;
      const end = text.indexOf('\n', at);
      if (end < 0) return undefined;
      mark.lastIndex = end;
      // A quote where a value can begin.
    } else if (/[\s,[{:-]/.test(before)) {
      const end = endOfQuoted(text, at);
      if (end !== undefined) mark.lastIndex = end;
      else if (match[0] === quote) return at;
    }
  }
  return undefined;
}

function endOfQuoted(text: string, start: number): number | undefined {
  const quote = text[start] as string;
  for (let at = text.indexOf(quote, start + 1); at >= 0; at = text.indexOf(quote, at + 1)) {
    if (quote === "'") {
      if (text[at + 1] !== "'") return at + 1;
      at++;
      continue;
    }
    let escapes = 0;
    while (text[at - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
  return undefined;
}

function helpFor(message: string, text: string): string {
  if (/^[ \t]*\{\{/m.test(text) || /\{\{[-\s]*\.?\w/.test(text)) return 'this looks like a template: render it first (helm template, kustomize build)';
  if (/tab/.test(message)) return 'indent with blanks; YAML does not allow tabs there';
  if (/quoted scalar/.test(message)) return 'close the quote';
  return 'the other documents of the file are still analyzed';
}

const plainWord = /(?:^|[\s[{,:-])(y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)(?=\s*(?:[:,\]}#]|$))/gm;

function reportPlainWords(document: SourceDocument, out: LoadedSource): void {
  const text = document.source.text.slice(document.start, document.end);
  for (const match of text.matchAll(plainWord)) {
    const word = match[1] as string;
    const value = /^(?:y|yes|on)$/i.test(word);
    const offset = match.index + match[0].length - word.length;
    const before = text.slice(text.lastIndexOf('\n', offset) + 1, offset);
    if (before.includes('#') || /["'][^"']*$/.test(before)) continue;
    out.problems.push({
      code: 'WFT0005',
      level: 'Warning',
      source: document.source,
      offset: document.start + offset,
      end: document.start + offset + word.length,
      text: `unquoted ${word} is the boolean ${value} to Kubernetes, which reads YAML 1.1`,
      help: `write "${word}" in quotes for the word, or ${value} for the boolean`,
      unparsable: false,
    });
  }
}

function addObject(value: unknown, document: SourceDocument, within: Path, options: LoadOptions, out: LoadedSource): void {
  const reject = (text: string, help: string, notAResource = false): void => {
    out.problems.push({ code: 'WFT0001', level: 'Error', source: document.source, offset: document.start, text, help, unparsable: true, notAResource });
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = Array.isArray(value) ? 'a list' : `a ${value === null ? 'null' : typeof value}`;
    reject(`a resource is a map with apiVersion and kind, and this is ${what}`, 'several resources are separated by lines with ---');
    return;
  }
  const object = value as Record<string, unknown>;
  const apiVersion = object.apiVersion ?? '';
  const kind = object.kind ?? '';
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    reject('apiVersion and kind have to be text', 'put them in quotes');
    return;
  }
  if (apiVersion === '' && kind === '') {
    reject('no apiVersion and no kind, so this is not a Kubernetes resource', 'name only files with resources, or add both fields', true);
    return;
  }
  if (kind === 'List') {
    if (!Array.isArray(object.items)) {
      reject('this List has no items', 'items has to be a list of resources');
      return;
    }
    for (let i = 0; i < object.items.length; i++) addObject(object.items[i], document, [...within, 'items', i], options, out);
    return;
  }
  const name = kindName(apiVersion, kind);
  if (name === undefined) {
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    const key = group === '' ? kind : `${kind}.${group}`;
    if (kind === 'IstioOperator') out.others.push(object);
    out.unknownKinds.set(key, (out.unknownKinds.get(key) ?? 0) + 1);
    return;
  }
  if (options.isRead && !options.isRead(name, apiVersion)) return;
  const metadata = object.metadata ?? {};
  if (typeof metadata !== 'object' || Array.isArray(metadata)) {
    reject(`metadata of this ${kind} has to be a map`, 'it holds name, namespace, labels and annotations');
    return;
  }
  const meta = metadata as Record<string, unknown>;
  for (const field of ['name', 'namespace', 'generateName']) {
    if (meta[field] !== undefined && meta[field] !== null && typeof meta[field] !== 'string') {
      reject(`metadata.${field} of this ${kind} has to be text, and it is ${JSON.stringify(meta[field])}`, 'put it in quotes');
      return;
    }
  }
  for (const field of ['labels', 'annotations']) {
    const bad = badStringMap(meta[field]);
    if (bad !== undefined) {
      reject(`metadata.${field} of this ${kind} maps text to text, and ${bad} is not text`, 'put the value in quotes');
      return;
    }
  }
  if (object.metadata === undefined || object.metadata === null) object.metadata = {};
  for (const field of ['name', 'namespace', 'labels', 'annotations']) if (meta[field] === null) delete meta[field];
  const raw = object as unknown as RawObject;
  const namespace = isClusterScoped(name) ? '' : raw.metadata.namespace || options.defaultNamespace;
  if (isOfSystem(name, namespace, raw.metadata.name ?? '')) return;
  out.resources.push(new Resource(raw, name, namespace, document, within));
}

function badStringMap(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) return JSON.stringify(value);
  const map = value as Record<string, unknown>;
  for (const key in map) {
    const entry = map[key];
    if (entry === null) map[key] = '';
    else if (typeof entry !== 'string') return `${key}: ${JSON.stringify(entry)}`;
  }
  return undefined;
}
