import type { MeshSettings } from '../../ir/table.ts';
import type { ExchangeRecord } from '../core/exchange-record.ts';
import { compileFormat, type FormatError, type FormatOptions } from '../core/format.ts';
import { compileJsonFormat, type LineWriter, utf8Bytes } from './json-format.ts';
import type { LogOutput } from './log-buffer.ts';

/** TEL-R10 */
export const defaultTextFormat = `${[
  '[%START_TIME%]',
  '"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%"',
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS%',
  '"%UPSTREAM_TRANSPORT_FAILURE_REASON%"',
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%"',
  '"%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS%',
  '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%',
].join(' ')}\n`;

/** TEL-R13 */
export const defaultJsonFormat: Readonly<Record<string, string>> = {
  authority: '%REQ(:AUTHORITY)%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  duration: '%DURATION%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  request_id: '%REQ(X-REQUEST-ID)%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  response_code: '%RESPONSE_CODE%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  response_flags: '%RESPONSE_FLAGS%',
  route_name: '%ROUTE_NAME%',
  start_time: '%START_TIME%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  user_agent: '%REQ(USER-AGENT)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
};

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
