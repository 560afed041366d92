// Values of scalar fields as the reference's decoder (golang/protobuf jsonpb over encoding/json) takes them.
import { parseDuration } from '../../manifest/duration.ts';

/** What a value should be, in our words, and what the reference says of it. */
export interface Mismatch {
  /** `a whole number from 0 to 4294967295` */
  expected: string;
  /** The decoder's words. A user meets them when a cluster refuses the resource. */
  reference: string;
}

/** What JSON calls a value, in Go's words. */
export function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** A JSON value of the wrong type. */
export function cannotHold(value: unknown, expected: string, goType: string): Mismatch {
  return { expected, reference: `json: cannot unmarshal ${jsonKind(value)} into Go value of type ${goType}` };
}

interface NumberType {
  expected: string;
  go: string;
  takes: (literal: string) => boolean;
}

function whole(go: string, least: bigint, most: bigint): NumberType {
  const takes = (literal: string): boolean => /^-?\d+$/.test(literal) && BigInt(literal) >= least && BigInt(literal) <= most;
  return { expected: `a whole number from ${least} to ${most}`, go, takes };
}

const int32 = whole('int32', -(2n ** 31n), 2n ** 31n - 1n);
const int64 = whole('int64', -(2n ** 63n), 2n ** 63n - 1n);
const uint32 = whole('uint32', 0n, 2n ** 32n - 1n);
const uint64 = whole('uint64', 0n, 2n ** 64n - 1n);
const double: NumberType = { expected: 'a number', go: 'float64', takes: (literal) => Number.isFinite(Number(literal)) };
const float: NumberType = { expected: 'a number of single precision', go: 'float32', takes: (literal) => Number.isFinite(Math.fround(Number(literal))) };

const numbers: Readonly<Record<string, NumberType>> = {
  int32,
  sint32: int32,
  sfixed32: int32,
  int64,
  sint64: int64,
  sfixed64: int64,
  uint32,
  fixed32: uint32,
  uint64,
  fixed64: uint64,
  float,
  double,
};

/** An enum takes any number, named or not; names are not checked here. */
export function enumNumberMismatch(value: unknown, expected: string): Mismatch | undefined {
  if (typeof value === 'number' && int32.takes(String(value))) return undefined;
  const what = typeof value === 'number' ? `number ${value}` : jsonKind(value);
  return { expected, reference: `json: cannot unmarshal ${what} into Go value of type protoreflect.EnumNumber` };
}

/** What is wrong with a value for a scalar type; undefined when nothing is. Null is taken by every type. */
export function scalarMismatch(type: string, value: unknown): Mismatch | undefined {
  if (value === null) return undefined;
  const number = numbers[type];
  if (number) return numberMismatch(number, value);
  switch (type) {
    case 'bool':
      return typeof value === 'boolean' ? undefined : cannotHold(value, 'true or false', 'bool');
    case 'bytes':
      if (typeof value !== 'string') return cannotHold(value, 'base64 text', '[]uint8');
      return base64Mismatch(value);
    default:
      return typeof value === 'string' ? undefined : cannotHold(value, 'text', 'string');
  }
}

function numberMismatch(type: NumberType, value: unknown): Mismatch | undefined {
  const { expected, go } = type;
  if (typeof value === 'number') return literalMismatch(type, String(value));
  if (typeof value !== 'string') return cannotHold(value, expected, go);
  // A quoted number counts as the JSON value inside of the quotes.
  if (go.startsWith('float') && /^(?:NaN|-?Infinity)$/.test(value)) return undefined;
  const text = value.trim();
  if (text === 'null') return undefined;
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text)) return literalMismatch(type, text);
  return { expected, reference: notJson(text, go) };
}

function literalMismatch({ expected, go, takes }: NumberType, literal: string): Mismatch | undefined {
  return takes(literal) ? undefined : { expected, reference: `json: cannot unmarshal number ${literal} into Go value of type ${go}` };
}

function notJson(text: string, go: string): string {
  if (text === '') return 'unexpected end of JSON input';
  try {
    return cannotHold(JSON.parse(text), '', go).reference;
  } catch {
    const bad = /^-?(?:0|[1-9]\d*)(?:\.\d+)?\s*(\S)/u.exec(text);
    return bad ? `invalid character '${bad[1]}' after top-level value` : `invalid character '${[...text][0]}' looking for beginning of value`;
  }
}

function base64Mismatch(value: string): Mismatch | undefined {
  const text = value.replace(/[\r\n]/g, '');
  if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  const bad = /[^A-Za-z0-9+/]/.exec(text)?.index ?? text.length - (text.length % 4);
  return { expected: 'base64 text', reference: `illegal base64 data at input byte ${bad}` };
}

const mostNanoseconds = 2 ** 63;

/** google.protobuf.Duration, which the reference reads as Go writes durations: `1m30s`, not only `90s`. */
export function durationMismatch(value: unknown): Mismatch | undefined {
  const expected = 'a duration such as 0.5s or 1m30s';
  if (typeof value !== 'string') return cannotHold(value, expected, 'string');
  const nanoseconds = parseDuration(value);
  if (nanoseconds !== undefined && Math.abs(nanoseconds) < mostNanoseconds) return undefined;
  return { expected, reference: `bad Duration: time: ${durationProblem(value)}` };
}

function durationProblem(text: string): string {
  const quoted = JSON.stringify(text);
  const rest = text.replace(/^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*/, '');
  const [, unit] = /^(?:\d+\.?\d*|\.\d+)([^.\d]*)/.exec(rest) ?? [];
  if (unit === undefined) return `invalid duration ${quoted}`;
  return unit === '' ? `missing unit in duration ${quoted}` : `unknown unit ${JSON.stringify(unit)} in duration ${quoted}`;
}

const rfc3339 = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)$/;

/** google.protobuf.Timestamp */
export function timestampMismatch(value: unknown): Mismatch | undefined {
  const expected = 'a time such as 2030-01-31T12:00:00Z';
  if (typeof value !== 'string') return cannotHold(value, expected, 'string');
  if (rfc3339.test(value)) return undefined;
  return { expected, reference: `bad Timestamp: parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.999999999Z07:00"` };
}
