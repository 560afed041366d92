// What a gRPC service is asked: `envoy.service.auth.v3.CheckRequest` in its JSON form.
import type { JsonObject } from '../../../envoy/json.ts';
import { peerNames } from '../../core/authorization/attributes.ts';
import type { ExchangeRecord } from '../../core/exchange-record.ts';
import { isoTime } from '../../core/format-time.ts';
import type { CheckedBody } from './checked-body.ts';

export function connectionAttributes(record: ExchangeRecord): JsonObject {
  const source = peer(record.peerAddress, record.peerPort, peerNames(record)[0] ?? '');
  return {
    source: record.peerCertificate === '' ? source : { ...source, certificate: record.peerCertificate },
    destination: peer(record.localAddress, record.localPort, record.localUriSans[0] ?? ''),
    ...(record.tlsVersion === '' || record.serverName === '' ? {} : { tls_session: { sni: record.serverName } }),
  };
}

export function requestAttributes(record: ExchangeRecord, body: CheckedBody, asBytes: boolean): JsonObject {
  return { ...connectionAttributes(record), request: { time: isoTime(record.startWall), http: httpRequest(record, body, asBytes) } };
}

function peer(address: string, port: number, principal: string): JsonObject {
  return { address: { socket_address: { address, port_value: port } }, ...(principal === '' ? {} : { principal }) };
}

function httpRequest(record: ExchangeRecord, { bytes, isPartial }: CheckedBody, asBytes: boolean): JsonObject {
  const headers = headersOf(record);
  if (isPartial !== undefined) headers['x-envoy-auth-partial-body'] = String(isPartial);
  return {
    id: `${record.connectionId}-${record.streamId}`,
    method: text(record.method),
    headers,
    path: text(record.path),
    host: text(record.authority),
    scheme: record.scheme,
    size: String(bytes.length),
    protocol: record.protocol,
    ...(isPartial === undefined ? {} : asBytes ? { raw_body: Buffer.from(bytes).toString('base64') } : { body: Buffer.from(bytes).toString('utf8') }),
  };
}

/** Values of a header that was sent several times with a comma between. */
function headersOf(record: ExchangeRecord): Record<string, string> {
  const headers: Record<string, string> = {
    ':method': text(record.method),
    ':path': text(record.path),
    ':authority': text(record.authority),
    ':scheme': record.scheme,
  };
  for (let i = 0; i < record.headers.length; i += 2) {
    const name = record.headers[i] as string;
    const value = text(record.headers[i + 1] as string);
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]},${value}` : value;
  }
  return headers;
}

/** Headers are bytes, and texts of messages are UTF-8. */
const text = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');
