import { defaultJsonFormat, defaultTextFormat } from '../../ir/access-log.ts';
import type { MeshSettings } from '../../ir/table.ts';
import type { ExchangeRecord } from '../core/exchange-record.ts';
import { compileFormat, type FormatError, type FormatOptions } from '../core/format.ts';
import { compileJsonFormat, type LineWriter, utf8Bytes } from './json-format.ts';
import type { LogOutput } from './log-buffer.ts';

export type AccessLogSettings = Pick<MeshSettings, 'accessLogFormat' | 'accessLogEncoding'>;

/**
 * How lines are made. A format that cannot be read is replaced by the default one, so that there is a log all the same.
 *
 * @param options of formats: host name and environment
 */
export function accessLogLine(settings: AccessLogSettings, options: FormatOptions = {}): { line: LineWriter; problem?: string } {
  const { accessLogFormat: format, accessLogEncoding: encoding } = settings;
  if (format === '') return { line: defaultLine(encoding, options) };
  const line = encoding === 'json' ? jsonLine(format, options) : textLine(format, options);
  if (typeof line === 'function') return { line };
  return { line: defaultLine(encoding, options), problem: `accessLogFormat: ${line.error}: the default format is used` };
}

function defaultLine(encoding: 'text' | 'json', options: FormatOptions): LineWriter {
  return (encoding === 'json' ? compileJsonFormat(defaultJsonFormat, options) : textLine(defaultTextFormat, options)) as LineWriter;
}

/** Each line ends with a newline, also where the format does not. */
function textLine(text: string, options: FormatOptions): LineWriter | FormatError {
  const format = compileFormat(utf8Bytes(text.endsWith('\n') ? text : `${text}\n`), options);
  return 'error' in format ? format : (record) => format.render(record, '-');
}

function jsonLine(text: string, options: FormatOptions): LineWriter | FormatError {
  let format: unknown;
  try {
    format = JSON.parse(text);
  } catch (error) {
    return { error: (error as Error).message };
  }
  if (typeof format !== 'object' || format === null || Array.isArray(format)) return { error: 'is no JSON object' };
  return compileJsonFormat(format, options);
}

/** A line for each request and TCP connection, at its end. */
export class AccessLog {
  private line: LineWriter;
  private readonly output: LogOutput;

  constructor(line: LineWriter, output: LogOutput) {
    this.line = line;
    this.output = output;
  }

  log(record: ExchangeRecord): void {
    this.output.write(this.line(record));
  }

  /** The format of a new table. */
  setLine(line: LineWriter): void {
    this.line = line;
  }
}
