// Which fields of objects hold secrets: by their names, and by the names of their neighbours.
import { isSecretField } from '../envoy/redact.ts';
import { isSecretName } from './names.ts';

/** Fields that hold the content of what the field around them names: a header's value, what a header has to be. */
const contents: ReadonlySet<string> = new Set([
  'contains',
  'content',
  'data',
  'default',
  'exact',
  'exactMatch',
  'exact_match',
  'inlineBytes',
  'inlineString',
  'inline_bytes',
  'inline_string',
  'literal',
  'notValues',
  'prefix',
  'prefixMatch',
  'prefix_match',
  'rawValue',
  'raw_value',
  'regex',
  'stringValue',
  'string_value',
  'suffix',
  'suffixMatch',
  'suffix_match',
  'text',
  'value',
  'values',
]);

/** Fields between a name and its content. */
const wrappers: ReadonlySet<string> = new Set([
  'stringMatch',
  'string_match',
  'safeRegex',
  'safe_regex',
  'safeRegexMatch',
  'safe_regex_match',
  'value',
  'values',
]);

/** Fields whose value names what the fields beside it hold: of an environment variable, a header, a condition. */
const nameFields = ['name', 'key', 'header', 'headerName', 'header_name'] as const;

export function isContent(field: string): boolean {
  return contents.has(field);
}

export function isWrapper(field: string): boolean {
  return wrappers.has(field);
}

/** Whether the name of a field says that it is secret: of a key with dots and slashes, what it ends with. */
export function isSecretKey(field: string): boolean {
  return isSecretField(field) || isSecretName(lastOf(field));
}

/** The name beside it, where that says that the content of an object is secret. */
export function secretNeighbour(object: Readonly<Record<string, unknown>>): string | undefined {
  for (const field of nameFields) {
    const name = object[field];
    if (typeof name === 'string' && isSecretName(lastOf(name))) return name;
  }
  return undefined;
}

function lastOf(name: string): string {
  return name
    .slice(name.lastIndexOf('/') + 1)
    .split('.')
    .slice(-2)
    .join('.');
}
