import { authorizationMetadata } from './authorization/notes.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import type { FormatError, FormatOptions, Operator } from './format.ts';
import { compileTimeFormat, isoTime } from './format-time.ts';
import { grpcStatusName, grpcStatusSnakeName, parseGrpcStatus } from './grpc.ts';
import { joinedHeader } from './headers.ts';
import { queryValue } from './query.ts';
import { flagsText, longFlagsText } from './response-flags.ts';

const known = (text: string): string | undefined => (text === '' ? undefined : text);

/** Milliseconds from the begin of the request to a point in time; undefined when that was not reached. */
function sinceStart(record: ExchangeRecord, at: number): number | undefined {
  return at < 0 ? undefined : Math.max(0, Math.floor(at - record.startedAt));
}

/** `10.0.0.1:8080`, `[::1]:8080` */
export function addressText(address: string, port: number): string {
  if (address === '' || address.startsWith('/')) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

const addressOf = (address: string, port: number): string | undefined => known(addressText(address, port));

/** Of `10.0.0.1:8080` or `[::1]:8080`. */
function hostOf(address: string): string | undefined {
  const at = address.lastIndexOf(':');
  if (at < 0) return known(address);
  return address[0] === '[' ? address.slice(1, at - 1) : address.slice(0, at);
}

function portOf(address: string): number | undefined {
  const at = address.lastIndexOf(':');
  return at < 0 ? undefined : Number(address.slice(at + 1));
}

const list = (values: readonly string[]): string | undefined => (values.length === 0 ? undefined : values.join(','));

function wallTime(record: ExchangeRecord, at: number): number | undefined {
  return at < 0 ? undefined : record.startWall + (at - record.startedAt);
}

function grpcStatusOf(record: ExchangeRecord): number {
  if (!record.isGrpc) return -1;
  const inTrailers = parseGrpcStatus(joinedHeader(record.responseTrailers, 'grpc-status'));
  return inTrailers >= 0 ? inTrailers : parseGrpcStatus(joinedHeader(record.responseHeaders, 'grpc-status'));
}

const simple: Readonly<Record<string, Operator>> = {
  PROTOCOL: (r) => known(r.protocol),
  RESPONSE_CODE: (r) => r.status,
  RESPONSE_CODE_DETAILS: (r) => known(r.details.replaceAll(' ', '_')),
  CONNECTION_TERMINATION_DETAILS: (r) => known(r.terminationDetails),
  RESPONSE_FLAGS: (r) => flagsText(r.flags),
  RESPONSE_FLAGS_LONG: (r) => longFlagsText(r.flags),
  ROUTE_NAME: (r) => known(r.route),
  VIRTUAL_CLUSTER_NAME: () => undefined,
  VIRTUAL_HOST_NAME: (r) => known(r.virtualHost),
  FILTER_CHAIN_NAME: (r) => known(r.filterChain),
  BYTES_RECEIVED: (r) => r.bytesReceived,
  BYTES_SENT: (r) => r.bytesSent,
  REQUEST_HEADERS_BYTES: (r) => byteLength(r.headers),
  RESPONSE_HEADERS_BYTES: (r) => byteLength(r.responseHeaders),
  RESPONSE_TRAILERS_BYTES: (r) => byteLength(r.responseTrailers),
  DURATION: (r) => sinceStart(r, r.completedAt),
  REQUEST_DURATION: (r) => sinceStart(r, r.requestCompleteAt),
  REQUEST_TX_DURATION: (r) => sinceStart(r, r.lastUpstreamTxAt),
  RESPONSE_DURATION: (r) => sinceStart(r, r.firstUpstreamRxAt),
  RESPONSE_TX_DURATION: (r) => (r.completedAt < 0 || r.firstUpstreamRxAt < 0 ? undefined : Math.max(0, Math.floor(r.completedAt - r.firstUpstreamRxAt))),
  UPSTREAM_HOST: (r) => known(r.upstreamHost),
  UPSTREAM_HOST_NAME: (r) => known(r.upstreamHost),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: (r) => hostOf(r.upstreamHost),
  UPSTREAM_REMOTE_ADDRESS: (r) => known(r.upstreamHost),
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (r) => hostOf(r.upstreamHost),
  UPSTREAM_REMOTE_PORT: (r) => portOf(r.upstreamHost),
  UPSTREAM_CLUSTER: (r) => known(r.cluster),
  UPSTREAM_CLUSTER_RAW: (r) => known(r.cluster),
  UPSTREAM_LOCAL_ADDRESS: (r) => known(r.upstreamLocal),
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: (r) => hostOf(r.upstreamLocal),
  UPSTREAM_LOCAL_PORT: (r) => portOf(r.upstreamLocal),
  UPSTREAM_PROTOCOL: (r) => known(r.upstreamProtocol),
  UPSTREAM_TRANSPORT_FAILURE_REASON: (r) => known(r.upstreamFailure),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: (r) => r.attempts,
  DOWNSTREAM_LOCAL_ADDRESS: (r) => addressOf(r.localAddress, r.localPort),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: (r) => known(r.localAddress),
  DOWNSTREAM_LOCAL_PORT: (r) => r.localPort,
  DOWNSTREAM_REMOTE_ADDRESS: (r) => addressOf(r.remoteAddress, r.remotePort),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (r) => known(r.remoteAddress),
  DOWNSTREAM_REMOTE_PORT: (r) => r.remotePort,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: (r) => addressOf(r.peerAddress, r.peerPort),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: (r) => known(r.peerAddress),
  DOWNSTREAM_DIRECT_REMOTE_PORT: (r) => r.peerPort,
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS: (r) => addressOf(r.localAddress, r.localPort),
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: (r) => known(r.downstreamFailure),
  DOWNSTREAM_TLS_VERSION: (r) => known(r.tlsVersion),
  DOWNSTREAM_TLS_CIPHER: (r) => known(r.tlsCipher),
  DOWNSTREAM_PEER_SUBJECT: (r) => known(r.peerSubject),
  DOWNSTREAM_PEER_URI_SAN: (r) => list(r.peerUriSans),
  DOWNSTREAM_PEER_DNS_SAN: (r) => list(r.peerDnsSans),
  DOWNSTREAM_PEER_FINGERPRINT_256: (r) => known(r.peerHash),
  DOWNSTREAM_LOCAL_URI_SAN: (r) => list(r.localUriSans),
  REQUESTED_SERVER_NAME: (r) => known(r.serverName),
  CONNECTION_ID: (r) => r.connectionId,
  STREAM_ID: (r) => r.streamId,
  GRPC_STATUS_NUMBER: (r) => {
    const status = grpcStatusOf(r);
    return status < 0 ? undefined : status;
  },
  ACCESS_LOG_TYPE: () => 'DownstreamEnd',
  TRACE_ID: () => undefined,
};

/** Data that other filters leave; this proxy has none of them. */
const neverThere: ReadonlySet<string> = new Set(['CLUSTER_METADATA', 'UPSTREAM_METADATA', 'METADATA', 'FILTER_STATE', 'UPSTREAM_FILTER_STATE']);

/** Operators that read what may have a request target in it. */
const targets: ReadonlySet<string> = new Set(['REQ', 'RESP', 'TRAILER', 'PATH']);

/** One operator by its name; names as Envoy has them. */
export function operatorOf(name: string, argument: string | undefined, options: FormatOptions): Operator | FormatError {
  const operator = plainOperator(name, argument, options);
  const { hiddenTokens } = options;
  if (typeof operator !== 'function' || hiddenTokens === undefined) return operator;
  if (name === 'QUERY_PARAM' && hiddenTokens.has(parameterName(argument ?? '')))
    return (record) => hiddenTokens.hideValue(operator(record) as string | undefined);
  if (!targets.has(name)) return operator;
  return (record) => {
    const value = operator(record);
    return typeof value === 'string' ? hiddenTokens.hide(value) : value;
  };
}

/** `access_token:20`: also with a length. */
const parameterName = (argument: string): string => argument.split(':')[0] as string;

function plainOperator(name: string, argument: string | undefined, options: FormatOptions): Operator | FormatError {
  switch (name) {
    case 'REQ':
      return argument ? requestHeader(argument) : { error: 'REQ needs the name of a header' };
    case 'RESP':
      return argument ? header(argument, (r) => r.responseHeaders, responsePseudo) : { error: 'RESP needs the name of a header' };
    case 'TRAILER':
      return argument ? header(argument, (r) => r.responseTrailers, noPseudo) : { error: 'TRAILER needs the name of a trailer' };
    case 'START_TIME':
      return time(argument, (r) => r.startWall);
    case 'EMIT_TIME':
      return time(argument, (r) => wallTime(r, r.completedAt) ?? r.startWall);
    case 'HOSTNAME':
      return () => known(options.hostname ?? '');
    case 'ENVIRONMENT': {
      const value = options.environment?.[argument ?? ''];
      return () => value;
    }
    case 'GRPC_STATUS':
      return grpcStatus(argument);
    case 'QUERY_PARAM':
      return argument ? (r) => queryValue(r.path, r.pathEnd, parameterName(argument)) : { error: 'QUERY_PARAM needs a name' };
    case 'PATH':
      return (r) => path(r, argument ?? '');
    case 'DYNAMIC_METADATA':
      return dynamicMetadata(argument ?? '');
  }
  if (Object.hasOwn(simple, name)) {
    if (argument !== undefined && argument !== '') return { error: `${name} takes no argument` };
    return simple[name] as Operator;
  }
  return neverThere.has(name) ? () => undefined : { error: `unknown operator ${name}` };
}

function time(format: string | undefined, of: (record: ExchangeRecord) => number): Operator {
  const write = format === undefined || format === '' ? isoTime : compileTimeFormat(format);
  return (record) => write(of(record));
}

function grpcStatus(argument: string | undefined): Operator | FormatError {
  const kind = argument ?? '';
  if (kind !== '' && kind !== 'CAMEL_STRING' && kind !== 'SNAKE_STRING' && kind !== 'NUMBER') return { error: `GRPC_STATUS cannot be written as ${kind}` };
  return (record) => {
    const status = grpcStatusOf(record);
    if (status < 0) return undefined;
    return kind === 'NUMBER' ? status : kind === 'SNAKE_STRING' ? grpcStatusSnakeName(status) : grpcStatusName(status);
  };
}

type Pseudo = (record: ExchangeRecord, name: string) => string | undefined;

const noPseudo: Pseudo = () => undefined;
const responsePseudo: Pseudo = (record, name) => (name === ':status' && record.status > 0 ? String(record.status) : undefined);

/** Part of the request line, or header. */
function requestPart(record: ExchangeRecord, name: string): string | undefined {
  switch (name) {
    case ':method':
      return known(record.method);
    case ':path':
      return known(record.path);
    case ':authority':
    case 'host':
      return known(record.authority);
    case ':scheme':
      return known(record.scheme);
    default:
      return joinedHeader(record.headers, name);
  }
}

/** `name` or `name?other`: the second where the first is missing. */
function requestHeader(argument: string): Operator {
  const [name, other] = alternatives(argument);
  return (record) => requestPart(record, name) ?? (other === undefined ? undefined : requestPart(record, other));
}

function header(argument: string, of: (record: ExchangeRecord) => string[], pseudo: Pseudo): Operator {
  const [name, other] = alternatives(argument);
  const read = (record: ExchangeRecord, key: string): string | undefined => (key.startsWith(':') ? pseudo(record, key) : joinedHeader(of(record), key));
  return (record) => read(record, name) ?? (other === undefined ? undefined : read(record, other));
}

function alternatives(argument: string): [string, string | undefined] {
  const at = argument.indexOf('?');
  return at < 0 ? [argument.toLowerCase(), undefined] : [argument.slice(0, at).toLowerCase(), argument.slice(at + 1).toLowerCase()];
}

/** `PATH(NQ:ORIG)`: without query; the path before it was rewritten, or after. */
function path(record: ExchangeRecord, argument: string): string | undefined {
  const [query, version] = argument.split(':');
  const original = version === 'PATH' ? undefined : joinedHeader(record.headers, 'x-envoy-original-path');
  const text = version === 'ORIG' || version === undefined || version === '' || version === 'ORIG_OR_PATH' ? (original ?? record.path) : record.path;
  if (query !== 'NQ') return known(text);
  const at = text.indexOf('?');
  return known(at < 0 ? text : text.slice(0, at));
}

/** `NAMESPACE:KEY` of what a filter noted. */
function dynamicMetadata(argument: string): Operator {
  const colon = argument.indexOf(':');
  const namespace = colon < 0 ? argument : argument.slice(0, colon);
  const key = colon < 0 ? '' : argument.slice(colon + 1);
  return (record) => {
    const value = authorizationMetadata(record.authorization, namespace, key);
    return value === undefined ? undefined : String(value);
  };
}

function byteLength(headers: readonly string[]): number {
  let bytes = 0;
  for (const text of headers) bytes += text.length;
  return bytes;
}
