import {
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  load,
  loadAll,
  mapTag,
  mergeTag,
  NOT_RESOLVED,
  nullYaml11Tag,
  Schema,
  seqTag,
  strTag,
  YAMLException,
} from 'js-yaml';
import { type Adapted, adapt, isIndentationError, mayEndInColon } from './leniency.ts';

// YAML as Kubernetes reads it: the YAML 1.1 booleans (as keys, too), octal by a leading zero, no sexagesimals, timestamps as
// text, unknown tags ignored, the last of two equal keys wins. Inf and NaN have no JSON form and are refused.

/** A YAML text that cannot be read. `offset` counts UTF-16 units from the start of the text given. */
export class YamlError extends Error {
  readonly offset: number;
  readonly duplicateKey: boolean;
  constructor(message: string, offset: number, duplicateKey = false) {
    super(message);
    this.name = 'YamlError';
    this.offset = offset;
    this.duplicateKey = duplicateKey;
  }
}

export interface YamlValue {
  value: unknown;
  /** A plain `y`, `no`, `on` … was read as a boolean, which surprises people who know YAML 1.2. */
  plainWordBoolean: boolean;
}

const maxDepth = 500;
/** More nodes than this after following aliases is an alias bomb, not a manifest. */
const maxExpandedNodes = 2_000_000;

const booleans = new Map<string, boolean>();
for (const word of ['true', 'True', 'TRUE', 'y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON']) booleans.set(word, true);
for (const word of ['false', 'False', 'FALSE', 'n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF']) booleans.set(word, false);

let sawPlainWord = false;
let sawNonFinite = false;

const boolTag = defineScalarTag<boolean>('tag:yaml.org,2002:bool', {
  implicit: true,
  implicitFirstChars: ['t', 'T', 'f', 'F', 'y', 'Y', 'n', 'N', 'o', 'O'],
  resolve: (source) => {
    const value = source.length > 5 ? undefined : booleans.get(source);
    if (value === undefined) return NOT_RESOLVED;
    const first = source.charCodeAt(0) | 0x20;
    if (first !== 0x74 && first !== 0x66) sawPlainWord = true;
    return value;
  },
  identify: (data) => typeof data === 'boolean',
});

const digits = ['-', '+', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const integer = /^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$/;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

function parseInteger(source: string): number {
  const text = source.replace(/_/g, '');
  const negative = text.startsWith('-');
  const body = negative || text.startsWith('+') ? text.slice(1) : text;
  const value = /^0[0-7]/.test(body) ? Number.parseInt(body, 8) : Number(body);
  return negative ? -value : value;
}

/** How a plain key is called that is read as something else than a text: `y` as `true`, `0x10` as `16`, `~` as `null`. */
export function plainKeyName(text: string): string {
  const boolean = booleans.get(text);
  if (boolean !== undefined) return String(boolean);
  if (integer.test(text)) return String(parseInteger(text));
  const plain = text.replace(/_/g, '');
  if (float.test(plain)) return String(Number(plain));
  return /^(?:~|null|Null|NULL|)$/.test(text) ? 'null' : text;
}

const numberTag = defineScalarTag<number>('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: [...digits, '.'],
  resolve: (source) => {
    if (integer.test(source)) return parseInteger(source);
    const plain = source.includes('_') ? source.replace(/_/g, '') : source;
    if (float.test(plain)) return Number(plain);
    if (/^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(source)) {
      sawNonFinite = true;
      return 0;
    }
    return NOT_RESOLVED;
  },
  identify: (data) => typeof data === 'number',
});

const floatTag = defineScalarTag<number>('tag:yaml.org,2002:float', {
  resolve: (source) => Number(source),
  identify: () => false,
});

const otherScalar = defineScalarTag<string>('!', { matchByTagPrefix: true, resolve: (source) => source, identify: () => false });
const otherYamlScalar = defineScalarTag<string>('tag:', { matchByTagPrefix: true, resolve: (source) => source, identify: () => false });
const otherSequence = defineSequenceTag('!', { ...seqTag, matchByTagPrefix: true, identify: () => false });
const otherMapping = defineMappingTag('!', { ...mapTag, matchByTagPrefix: true, identify: () => false });

const kubernetesSchema = new Schema([
  strTag,
  seqTag,
  mapTag,
  nullYaml11Tag,
  boolTag,
  numberTag,
  floatTag,
  mergeTag,
  otherScalar,
  otherYamlScalar,
  otherSequence,
  otherMapping,
]);

/**
 * Reads one YAML (or JSON) document.
 *
 * @param allowDuplicateKeys take the last of two equal keys (as Kubernetes does) instead of throwing
 * @throws YamlError with the offset of the problem; `duplicateKey` tells that reading again with `allowDuplicateKeys` succeeds
 */
export function parseYaml(text: string, allowDuplicateKeys = false): YamlValue {
  sawPlainWord = false;
  sawNonFinite = false;
  const directive = /^%YAML[ \t]+(\S+)/m.exec(text);
  if (directive && directive[1] !== '1.1') {
    throw new YamlError(`the directive asks for YAML ${directive[1]}, but Kubernetes reads only YAML 1.1`, directive.index);
  }
  let value: unknown;
  try {
    value = load(mayEndInColon(text) ? adapt(text).text : text, { schema: kubernetesSchema, json: allowDuplicateKeys, maxDepth });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    if (isIndentationError(error)) return parseAdapted(text, error, allowDuplicateKeys);
    const reason = error.reason ?? error.message;
    if (/expected a single document/.test(reason)) {
      // `--- value` on one line starts a second document inside what a line `---` delimits; readers of Kubernetes take the first.
      return { value: loadAll(text, { schema: kubernetesSchema, json: allowDuplicateKeys, maxDepth })[0], plainWordBoolean: sawPlainWord };
    }
    // A text without any node (only comments) is an empty document, not an error.
    if (/expected a document|a document, but the input is empty/.test(reason)) return { value: undefined, plainWordBoolean: false };
    throw new YamlError(reason, error.mark?.position ?? 0, /duplicated mapping key/.test(reason));
  }
  if (sawNonFinite) {
    const at = /(?:^|[\s,:[])([-+]?\.(?:inf|nan))/i.exec(text);
    throw new YamlError('.inf and .nan have no JSON form, so Kubernetes refuses them', at ? at.index + 1 : 0);
  }
  if (text.includes('&') && text.includes('*')) checkExpansion(value);
  return { value, plainWordBoolean: sawPlainWord };
}

/** Lines of flow collections may be indented as they like, which YAML 1.2 does not allow. */
function parseAdapted(text: string, first: YAMLException, allowDuplicateKeys: boolean): YamlValue {
  let adapted: Adapted;
  try {
    adapted = adapt(text);
  } catch {
    throw new YamlError(first.reason ?? first.message, first.mark?.position ?? 0);
  }
  try {
    return parseYaml(adapted.text, allowDuplicateKeys);
  } catch (error) {
    if (error instanceof YamlError) throw new YamlError(error.message, adapted.back(error.offset), error.duplicateKey);
    throw error;
  }
}

/** Walks the value as a reader of it would, aliases followed, and refuses what grows without bound. */
function checkExpansion(root: unknown): void {
  let budget = maxExpandedNodes;
  const walk = (value: unknown, depth: number): void => {
    if (value === null || typeof value !== 'object') return;
    if (--budget < 0 || depth > maxDepth) throw new YamlError('aliases expand to an excessive number of nodes', 0);
    for (const child of Object.values(value)) walk(child, depth + 1);
  };
  walk(root, 0);
}
