import type { ExternalAuthorizer, TextMatcher } from '../../../ir/authorization.ts';
import { compileText } from '../../core/authorization/text-test.ts';
import type { ExchangeRecord } from '../../core/exchange-record.ts';
import { compileFormat } from '../../core/format.ts';
import type { HeaderChange } from '../../core/header-change.ts';
import { getHeader, type Headers, joinedHeader, overwriteHeader } from '../../core/headers.ts';
import { payloadTooLarge } from '../../core/local-reply.ts';
import type { ConnectionCheck, ExternalCheck, ExternalVerdict } from '../external-check.ts';
import type { GuardedRequest, Pending } from '../guarded-request.ts';
import { awaitCheckedBody, type CheckedBody } from './checked-body.ts';
import { deniedReply, errorReply } from './replies.ts';
import { changeRequest, changesOfResponse } from './request-changes.ts';
import { type CallAnswer, type CallDeps, UpstreamCall } from './upstream-call.ts';
import { Waiting } from './waiting.ts';

/** With names of headers that the service does not want to go on. */
const removalHeader = 'x-envoy-auth-headers-to-remove';
/** Told to the client of a denial, where only some headers are. */
const alwaysTold: ReadonlySet<string> = new Set(['www-authenticate', 'location']);

type NameTest = (name: string) => boolean;

/** A service that is asked with the head of the request itself; 200 allows it (envoyExtAuthzHttp). */
export class HttpCheck implements ExternalCheck, ConnectionCheck {
  private readonly deps: CallDeps;
  private readonly authorizer: ExternalAuthorizer;
  private readonly asked: NameTest;
  private readonly goesOn: NameTest;
  private readonly told: NameTest;
  private readonly toldWhenAllowed: NameTest;
  private readonly additional: readonly { name: string; value: (record: ExchangeRecord) => string }[];

  constructor(deps: CallDeps, authorizer: ExternalAuthorizer) {
    this.deps = deps;
    this.authorizer = authorizer;
    const { requestHeaders, upstreamHeaders, denialHeaders, responseHeaders, additionalHeaders } = authorizer;
    const asked = oneOf(requestHeaders);
    this.asked = (name) => name === 'authorization' || asked(name);
    this.goesOn = oneOf(upstreamHeaders);
    const told = oneOf(denialHeaders);
    this.told = denialHeaders.length === 0 ? (name) => name !== 'host' : (name) => alwaysTold.has(name) || told(name);
    this.toldWhenAllowed = oneOf(responseHeaders);
    this.additional = additionalHeaders.map(({ name, value }) => {
      const format = compileFormat(value, {});
      return { name: name.toLowerCase(), value: 'error' in format ? () => value : (record) => format.render(record, '') };
    });
  }

  check(request: GuardedRequest, done: (verdict: ExternalVerdict) => void): Pending | undefined {
    const waiting = new Waiting<ExternalVerdict>(done);
    awaitCheckedBody(this.authorizer, request, (body) => {
      if (waiting.over) return;
      if (body === undefined) waiting.end({ kind: 'refused', reply: payloadTooLarge });
      else waiting.on((ended) => this.call(request.record, body, (answer) => ended(this.verdict(request.record, answer))));
    });
    return waiting.pending;
  }

  /** HTTP says nothing about connections. */
  checkConnection(_record: ExchangeRecord, done: (verdict: ExternalVerdict['kind']) => void): undefined {
    done('error');
  }

  private call(record: ExchangeRecord, body: CheckedBody, done: (answer: CallAnswer | undefined) => void): Pending | undefined {
    const { cluster, timeoutMs, pathPrefix } = this.authorizer;
    const protocol = this.deps.upstreams.get(cluster)?.cluster.protocol === 'http2' ? 'http2' : 'http1';
    const head = { method: record.method, path: pathPrefix + record.path, authority: record.authority, scheme: 'http', headers: this.headersFor(record, body) };
    return UpstreamCall.start(this.deps, { cluster, protocol, head, body: body.bytes, timeoutMs }, done);
  }

  private headersFor(record: ExchangeRecord, { bytes, isPartial }: CheckedBody): Headers {
    const headers: Headers = ['content-length', String(bytes.length)];
    for (let i = 0; i < record.headers.length; i += 2) {
      const name = record.headers[i] as string;
      if (name === 'content-length' || !this.asked(name) || getHeader(headers, name) !== undefined) continue;
      headers.push(name, joinedHeader(record.headers, name) as string);
    }
    if (isPartial !== undefined) headers.push('x-envoy-auth-partial-body', String(isPartial));
    for (const { name, value } of this.additional) overwriteHeader(headers, name, value(record));
    return headers;
  }

  private verdict(record: ExchangeRecord, answer: CallAnswer | undefined): ExternalVerdict {
    if (answer === undefined || answer.status >= 500) return { kind: 'error', reply: errorReply(this.authorizer) };
    const { status, headers, body } = answer;
    if (status !== 200)
      return {
        kind: 'denied',
        reply: deniedReply(
          status,
          body,
          picked(headers, (name) => name !== removalHeader && this.told(name)),
        ),
      };
    const removed = (joinedHeader(headers, removalHeader) ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== '');
    const changes = changesOf(headers, (name) => name !== removalHeader && this.goesOn(name), 'set');
    const response = changesOfResponse(changesOf(headers, this.toldWhenAllowed, 'add'));
    if (response.length > 0) record.responseChanges = [...(record.responseChanges ?? []), ...response];
    return { kind: 'allowed', changed: changeRequest(record, changes, removed) };
  }
}

function picked(headers: Headers, wanted: NameTest): Headers {
  const out: Headers = [];
  for (let i = 0; i < headers.length; i += 2) if (wanted(headers[i] as string)) out.push(headers[i] as string, headers[i + 1] as string);
  return out;
}

function changesOf(headers: Headers, wanted: NameTest, action: HeaderChange['action']): HeaderChange[] {
  return headers.flatMap((name, i): HeaderChange[] => (i % 2 === 0 && wanted(name) ? [{ name, value: headers[i + 1] as string, action }] : []));
}

function oneOf(matchers: readonly TextMatcher[]): NameTest {
  const tests = matchers.flatMap((matcher) => compileText(matcher) ?? []);
  return (name) => tests.some((test) => test.holds(name));
}
