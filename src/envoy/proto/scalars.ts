// Scalars in the JSON form of protocol buffers.
import type { Reader, Writer } from 'protobufjs';
import type { JsonValue } from '../json.ts';
import type { Scalar } from './descriptor.ts';
import { EnvoyApiError, shown } from './error.ts';

/** Wire types. */
export const varint = 0;
export const fixed64 = 1;
export const delimited = 2;
export const fixed32 = 5;

export interface ScalarCodec {
  wire: number;
  /** Checks the value and writes it, without the tag. @throws EnvoyApiError */
  write(writer: Writer, value: JsonValue): void;
  read(reader: Reader): JsonValue;
  /** Whether it is the default, which a field without presence does not send. */
  isDefault(value: JsonValue): boolean;
}

const integer = /^-?(?:0|[1-9]\d*)$/;
/** 64 bits as protobufjs takes them. */
interface Halves {
  low: number;
  high: number;
  unsigned: boolean;
}

function int32Of(value: JsonValue, min: number, max: number): number {
  const number = typeof value === 'string' && integer.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) throw new EnvoyApiError(`${shown(value)} is no integer`);
  if (number < min || number > max) throw new EnvoyApiError(`${shown(value)} is not between ${min} and ${max}`);
  return number;
}

function int64Of(value: JsonValue, unsigned: boolean): number | Halves {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) throw new EnvoyApiError(`${value} is no integer`);
    if (!Number.isSafeInteger(value)) throw new EnvoyApiError(`${value} is too large for a number: write it as text`);
    if (unsigned && value < 0) throw new EnvoyApiError(`${value} is negative`);
    return value;
  }
  if (typeof value !== 'string' || !integer.test(value)) throw new EnvoyApiError(`${shown(value)} is no integer`);
  const wanted = BigInt(value);
  const bits = unsigned ? BigInt.asUintN(64, wanted) : BigInt.asIntN(64, wanted);
  if (bits !== wanted) throw new EnvoyApiError(`${value} is no ${unsigned ? 'unsigned ' : ''}integer of 64 bits`);
  return { low: Number(BigInt.asIntN(32, bits)), high: Number(BigInt.asIntN(32, bits >> 32n)), unsigned };
}

function floatOf(value: JsonValue): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  if (typeof value === 'string' && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)) return Number(value);
  throw new EnvoyApiError(`${shown(value)} is no number`);
}

/** JSON has no other way to write those that are not finite. */
function floatJson(value: number): JsonValue {
  return Number.isFinite(value) ? value : String(value);
}

/** The shortest number that is the same with 32 bits. */
function shortFloat(value: number): number {
  if (Number.isInteger(value)) return value;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

function boolOf(value: JsonValue): boolean {
  if (typeof value !== 'boolean') throw new EnvoyApiError(`${shown(value)} is neither true nor false`);
  return value;
}

function stringOf(value: JsonValue): string {
  if (typeof value !== 'string') throw new EnvoyApiError(`${shown(value)} is no text`);
  return value;
}

function bytesOf(value: JsonValue): Buffer {
  if (typeof value !== 'string' || !/^[\w+/-]*={0,2}$/.test(value)) throw new EnvoyApiError(`${shown(value)} is no base64`);
  return Buffer.from(value, 'base64');
}

const isZero = (value: JsonValue): boolean => value === 0 || value === '0' || value === '-0';
// Negative zero is not the default of floating-point fields.
const isZeroFloat = (value: JsonValue): boolean => Object.is(value, 0);

const int32Range = [-(2 ** 31), 2 ** 31 - 1] as const;
const uint32Range = [0, 2 ** 32 - 1] as const;

function small(
  wire: number,
  [min, max]: readonly [number, number],
  write: (writer: Writer, value: number) => void,
  read: (reader: Reader) => number,
): ScalarCodec {
  return { wire, write: (writer, value) => write(writer, int32Of(value, min, max)), read, isDefault: isZero };
}

/** As text, which is exact. */
function large(
  wire: number,
  unsigned: boolean,
  write: (writer: Writer, value: number | Halves) => void,
  read: (reader: Reader) => { toString(): string },
): ScalarCodec {
  return { wire, write: (writer, value) => write(writer, int64Of(value, unsigned)), read: (reader) => read(reader).toString(), isDefault: isZero };
}

export const scalars: Readonly<Record<Scalar, ScalarCodec>> = {
  bool: { wire: varint, write: (writer, value) => writer.bool(boolOf(value)), read: (reader) => reader.bool(), isDefault: (value) => value === false },
  string: {
    wire: delimited,
    write: (writer, value) => writer.string(stringOf(value)),
    read: (reader) => reader.string(),
    isDefault: (value) => value === '',
  },
  bytes: {
    wire: delimited,
    write: (writer, value) => writer.bytes(bytesOf(value)),
    read: (reader) => Buffer.from(reader.bytes()).toString('base64'),
    isDefault: (value) => value === '',
  },
  int32: small(
    varint,
    int32Range,
    (writer, value) => writer.int32(value),
    (reader) => reader.int32(),
  ),
  sint32: small(
    varint,
    int32Range,
    (writer, value) => writer.sint32(value),
    (reader) => reader.sint32(),
  ),
  sfixed32: small(
    fixed32,
    int32Range,
    (writer, value) => writer.sfixed32(value),
    (reader) => reader.sfixed32(),
  ),
  uint32: small(
    varint,
    uint32Range,
    (writer, value) => writer.uint32(value),
    (reader) => reader.uint32(),
  ),
  fixed32: small(
    fixed32,
    uint32Range,
    (writer, value) => writer.fixed32(value),
    (reader) => reader.fixed32(),
  ),
  int64: large(
    varint,
    false,
    (writer, value) => writer.int64(value),
    (reader) => reader.int64(),
  ),
  sint64: large(
    varint,
    false,
    (writer, value) => writer.sint64(value),
    (reader) => reader.sint64(),
  ),
  sfixed64: large(
    fixed64,
    false,
    (writer, value) => writer.sfixed64(value),
    (reader) => reader.sfixed64(),
  ),
  uint64: large(
    varint,
    true,
    (writer, value) => writer.uint64(value),
    (reader) => reader.uint64(),
  ),
  fixed64: large(
    fixed64,
    true,
    (writer, value) => writer.fixed64(value),
    (reader) => reader.fixed64(),
  ),
  double: { wire: fixed64, write: (writer, value) => writer.double(floatOf(value)), read: (reader) => floatJson(reader.double()), isDefault: isZeroFloat },
  float: {
    wire: fixed32,
    write: (writer, value) => writer.float(floatOf(value)),
    read: (reader) => floatJson(shortFloat(reader.float())),
    isDefault: isZeroFloat,
  },
};
