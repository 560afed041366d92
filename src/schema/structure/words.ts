// Says what the compiled schemas find.
import { nearest } from '../../manifest/nearest.ts';
import { type Fix, formatPath, type Path, type Problem } from '../../manifest/problem.ts';
import { formats } from './formats.ts';
import type { SchemaError } from './shape.ts';

export interface StructureProblem extends Problem {
  code: 'WFT0003' | 'WFT0004' | 'WFT0006';
  level: 'Error';
}

/** How values of a kind are decoded. */
export interface Decoding {
  /** Into Go structs: a wrong type makes the resource undecodable. Kinds of Istio are read by src/schema/decode.ts instead. */
  typed: boolean;
  /** The value as the document spells it, where it differs: `0644`, `yes`. */
  spelling: (path: Path) => string | undefined;
  /** Values are not for everyone's eyes: a Secret's. */
  confidential: boolean;
}

const typeNames: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'a map',
  string: 'text',
};

/** Patterns of the Gateway API that have a name. */
const patternNames: Readonly<Record<string, string>> = {
  '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$': 'a DNS label: small letters, digits and hyphens',
  '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$': 'a DNS name in small letters, such as a.example.com',
  '^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$': 'an API group such as gateway.networking.k8s.io, or "" for the core group',
  '^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$': 'a DNS name in small letters, *. in front allowed',
  '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$': 'the name of a kind, such as Service',
  "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$": 'the name of a header',
  '^([0-9]{1,5}(h|m|s|ms)){1,4}$': 'a duration such as 10s or 1m30s',
};

const longest = 60;

export function showValue(value: unknown, confidential = false): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'null';
  if (typeof value === 'object') return 'a map';
  if (confidential) return typeof value === 'string' ? 'other text' : `a ${typeof value}`;
  if (typeof value !== 'string') return `the ${typeof value} ${String(value)}`;
  const shown = value.length > longest ? `${value.slice(0, longest)}…` : value;
  return `the text ${JSON.stringify(shown)}`;
}

/** The path of a JSON pointer, and the value there. */
export function resolvePointer(pointer: string, root: unknown, base: Path): { path: Path; value: unknown; parent: unknown } {
  const path = [...base];
  let value = root;
  let parent: unknown;
  if (pointer !== '') {
    for (const part of pointer.slice(1).split('/')) {
      const key = part.replace(/~1/g, '/').replace(/~0/g, '~');
      path.push(Array.isArray(value) ? Number(key) : key);
      parent = value;
      value = (value as Record<string, unknown> | undefined)?.[key];
    }
  }
  return { path, value, parent };
}

/**
 * @param root what was validated
 * @param base where that is in the resource
 * @returns undefined for what is no problem: null in a map is as good as no entry
 */
export function describeError(error: SchemaError, root: unknown, base: Path, decoding: Decoding): StructureProblem | undefined {
  const { keyword, params } = error;
  const { path, value, parent } = resolvePointer(error.instancePath, root, base);
  if (value === null && !Array.isArray(parent)) return undefined;
  if (keyword === 'required') {
    const field = String(params.missingProperty);
    return refused([...path, field], `${formatPath(path) || 'the resource'} lacks the field "${field}"`, `add ${field}`);
  }
  const expected = expectation(error);
  const shown = showValue(value, decoding.confidential);
  if (decoding.typed && value !== null && cannotDecode(error, value)) {
    const { help, fix } = typeAdvice(error, value, path, decoding);
    return { code: 'WFT0003', level: 'Error', text: `${expected}, and this is ${shown}`, path, help, fix };
  }
  const { help, fix } = keyword === 'type' ? typeAdvice(error, value, path, decoding) : enumAdvice(error, value, path);
  return refused(path, `${formatPath(path)} ${expected}, and this is ${sizeOf(keyword, value) ?? shown}`, help, fix);
}

/** WFT0006: a cluster refuses it. */
export function refused(path: Path, text: string, help?: string, fix?: Fix): StructureProblem {
  return { code: 'WFT0006', level: 'Error', text, path, help, fix };
}

/** `has to be …`, after the path. */
function expectation({ keyword, params }: SchemaError): string {
  const limit = Number(params.limit);
  const count = (one: string, many: string): string => `${limit} ${limit === 1 ? one : many}`;
  const characters = (): string => count('character', 'characters');
  const entries = (): string => (keyword.endsWith('Items') ? count('item', 'items') : count('entry', 'entries'));
  switch (keyword) {
    case 'type':
      return `has to be ${[params.type]
        .flat()
        .map((type) => typeNames[type as string])
        .join(' or ')}`;
    case 'enum':
      return `has to be ${listed(params.allowedValues as unknown[])}`;
    case 'pattern': {
      const { source } = params.pattern as RegExp;
      return `has to be ${formatOf(source)?.name ?? patternNames[source] ?? `text that matches ${source}`}`;
    }
    case 'minimum':
      return `has to be ${limit} or more`;
    case 'maximum':
      return `has to be ${limit} or less`;
    case 'minLength':
      return limit === 1 ? 'has to be text that is not empty' : `has to be ${characters()} or longer`;
    case 'maxLength':
      return `has to be ${characters()} or shorter`;
    case 'minItems':
    case 'minProperties':
      return `has to have ${entries()} or more`;
    case 'maxItems':
    case 'maxProperties':
      return `has to have ${entries()} or fewer`;
    default:
      return `does not fit its schema (${keyword})`;
  }
}

/** How much there is, where the amount is what is wrong. */
function sizeOf(keyword: string, value: unknown): string | undefined {
  switch (keyword) {
    case 'minItems':
    case 'maxItems':
      return `a list of ${(value as unknown[]).length}`;
    case 'minProperties':
    case 'maxProperties':
      return `a map of ${Object.keys(value as object).length}`;
    case 'maxLength':
      return `text of ${(value as string).length}`;
    default:
      return undefined;
  }
}

function formatOf(pattern: string): { name: string } | undefined {
  return Object.values(formats).find((format) => format.pattern.source === pattern);
}

function listed(values: readonly unknown[]): string {
  const shown = values.map((value) => (value === '' ? '""' : String(value)));
  return shown.length === 1 ? String(shown[0]) : `${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`;
}

/** Go decodes neither another type, nor a number beyond the field's, nor a text that is not in its format. */
function cannotDecode({ keyword, params }: SchemaError, value: unknown): boolean {
  if (keyword === 'type') return true;
  if (keyword === 'pattern') return formatOf((params.pattern as RegExp).source) !== undefined;
  return (keyword === 'minimum' || keyword === 'maximum') && Math.abs(value as number) >= 2 ** 31;
}

interface Advice {
  help?: string;
  fix?: Fix;
}

function typeAdvice({ keyword, params }: SchemaError, value: unknown, path: Path, { spelling, confidential }: Decoding): Advice {
  if (keyword !== 'type') return {};
  const types = [params.type].flat();
  if (types.includes('string') && (typeof value === 'number' || typeof value === 'boolean')) {
    if (confidential) return { help: 'put it in quotes' };
    const text = spelling(path) ?? String(value);
    return { help: `put it in quotes: ${JSON.stringify(text)}`, fix: { title: 'put the value in quotes', path, target: 'value', text } };
  }
  if (types.includes('array')) return { help: 'write it as a list, each item on a line of its own after a "-"' };
  if (typeof value !== 'string') return {};
  const isNumber = (types.includes('integer') && /^-?\d+$/.test(value)) || (types.includes('number') && /^-?\d+(?:\.\d+)?$/.test(value));
  if (isNumber) return { help: 'take the quotes away', fix: { title: 'take the quotes away', path, target: 'value', number: Number(value) } };
  return types.includes('boolean') && /^(?:true|false)$/.test(value) ? { help: 'take the quotes away' } : {};
}

function enumAdvice({ keyword, params }: SchemaError, value: unknown, path: Path): Advice {
  const near = keyword === 'enum' && typeof value === 'string' ? nearest(value, (params.allowedValues as unknown[]).map(String)) : undefined;
  return near ? { help: `did you mean ${near}?`, fix: { title: `write ${near}`, path, target: 'value', text: near } } : {};
}
