// The parts of a request that policies ask for, by names, and a request that is made of them.
import type { AuthorizationCondition } from '../../ir/authorization.ts';
import { ExchangeRecord } from '../../proxy/core/exchange-record.ts';
import { pathEndOf } from '../../proxy/core/path.ts';

/** `method`, `path`, `host`, `peer`, `header x-user`, `claim ["sub"]` … */
export type Part = string;

/** Of one part; a list is a claim with several texts. Undefined: it is not there. */
export type Value = string | number | readonly string[] | undefined;

/** A request as far as it matters; what is not in it is as in `usual`. */
export type Draft = ReadonlyMap<Part, Value>;

const headerPrefix = 'header ';
const claimPrefix = 'claim ';

/** That a simple condition asks for; undefined: none, or none that a client decides about. */
export function partOf(condition: AuthorizationCondition): Part | undefined {
  switch (condition.kind) {
    case 'method':
    case 'host':
    case 'path':
    case 'peer':
    case 'server-name':
    case 'source-ip':
    case 'remote-ip':
    case 'destination-ip':
    case 'destination-port':
      return condition.kind;
    case 'path-template':
      return 'path';
    case 'header': {
      const name = condition.name.toLowerCase();
      return pseudo[name] ?? `${headerPrefix}${name}`;
    }
    case 'claim':
      return ofClaim(condition.path);
    default:
      return undefined;
  }
}

const pseudo: Readonly<Record<string, Part>> = { ':method': 'method', ':path': 'path', ':authority': 'host', host: 'host' };

const ofClaim = (path: readonly string[]): Part => `${claimPrefix}${JSON.stringify(path)}`;
export const issuerPart = ofClaim(['iss']);
export const subjectPart = ofClaim(['sub']);
export const audiencePart = ofClaim(['aud']);

/** Undefined: no header. */
export function headerOf(part: Part): string | undefined {
  return part.startsWith(headerPrefix) ? part.slice(headerPrefix.length) : undefined;
}

/** Undefined: no claim. */
export function claimOf(part: Part): string[] | undefined {
  return part.startsWith(claimPrefix) ? (JSON.parse(part.slice(claimPrefix.length)) as string[]) : undefined;
}

/** What a request has where nothing else is asked for. Addresses are of the documentation range. */
export const usual = { method: 'GET', path: '/', sourceIp: '192.0.2.2', destinationIp: '192.0.2.1', port: 8080 } as const;

export function textOf(draft: Draft, part: Part): string {
  const value = draft.get(part);
  return value === undefined ? '' : String(value);
}

/** Claims of the draft; undefined: none. @param besides what a token has that has claims at all */
export function claimsOf(draft: Draft, besides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> | undefined {
  let claims: Record<string, unknown> | undefined;
  for (const [part, value] of draft) {
    const path = claimOf(part);
    if (path === undefined || value === undefined || path.length === 0) continue;
    claims ??= { ...besides };
    let at = claims;
    for (const name of path.slice(0, -1)) {
      const inner = (Object.hasOwn(at, name) ? at[name] : undefined) as Record<string, unknown> | undefined;
      const next = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {};
      at[name] = next;
      at = next;
    }
    at[path.at(-1) as string] = value;
  }
  return claims;
}

/** As a proxy has it. @param host of requests that name none */
export function recordOf(draft: Draft, host: string): ExchangeRecord {
  const record = new ExchangeRecord();
  record.method = textOf(draft, 'method') || usual.method;
  record.path = textOf(draft, 'path') || usual.path;
  record.pathEnd = pathEndOf(record.path);
  record.authority = textOf(draft, 'host') || host;
  record.scheme = 'http';
  record.headers = [...draft].flatMap(([part, value]) => {
    const name = headerOf(part);
    return name === undefined || value === undefined ? [] : [name, String(value)];
  });
  const peer = textOf(draft, 'peer');
  record.peerUriSans = peer === '' ? [] : [peer];
  record.peerAddress = textOf(draft, 'source-ip') || usual.sourceIp;
  record.remoteAddress = textOf(draft, 'remote-ip') || record.peerAddress;
  record.localAddress = textOf(draft, 'destination-ip') || usual.destinationIp;
  record.localPort = Number(draft.get('destination-port') ?? usual.port);
  record.serverName = textOf(draft, 'server-name');
  return record;
}
