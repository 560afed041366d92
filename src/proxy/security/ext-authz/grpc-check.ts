import type { JsonObject } from '../../../envoy/json.ts';
import type { ExternalAuthorizer } from '../../../ir/authorization.ts';
import type { ExchangeRecord } from '../../core/exchange-record.ts';
import { getHeader, type Headers } from '../../core/headers.ts';
import { payloadTooLarge } from '../../core/local-reply.ts';
import type { ConnectionCheck, ExternalCheck, ExternalVerdict } from '../external-check.ts';
import type { GuardedRequest, Pending } from '../guarded-request.ts';
import { connectionAttributes, requestAttributes } from './check-request.ts';
import type { CheckResponse } from './check-response.ts';
import { awaitCheckedBody } from './checked-body.ts';
import { frameOf, messageOf } from './grpc-frame.ts';
import { deniedReply, errorReply } from './replies.ts';
import { changeQuery, changeRequest, changesOfResponse } from './request-changes.ts';
import { type CallAnswer, type CallDeps, UpstreamCall } from './upstream-call.ts';
import { Waiting } from './waiting.ts';

type Codec = typeof import('./check-codec.ts');

/** A service that is asked by `envoy.service.auth.v3.Authorization/Check` (envoyExtAuthzGrpc). */
export class GrpcCheck implements ExternalCheck, ConnectionCheck {
  private readonly deps: CallDeps;
  private readonly authorizer: ExternalAuthorizer;
  private codec: Codec | undefined;
  private readonly loading: Promise<Codec>;

  constructor(deps: CallDeps, authorizer: ExternalAuthorizer) {
    this.deps = deps;
    this.authorizer = authorizer;
    this.loading = import('./check-codec.ts').then((codec) => {
      this.codec = codec;
      return codec;
    });
    // Whoever asks hears of it.
    this.loading.catch(() => {});
  }

  check(request: GuardedRequest, done: (verdict: ExternalVerdict) => void): Pending | undefined {
    const { record } = request;
    const waiting = new Waiting<ExternalVerdict>(done);
    awaitCheckedBody(this.authorizer, request, (body) => {
      if (waiting.over) return;
      if (body === undefined) waiting.end({ kind: 'refused', reply: payloadTooLarge });
      else {
        const attributes = requestAttributes(record, body, this.authorizer.body?.packAsBytes === true);
        this.ask(attributes, waiting, (answer) => this.verdict(record, answer));
      }
    });
    return waiting.pending;
  }

  checkConnection(record: ExchangeRecord, done: (verdict: ExternalVerdict['kind']) => void): Pending | undefined {
    const waiting = new Waiting<ExternalVerdict['kind']>(done);
    this.ask(connectionAttributes(record), waiting, (answer) => (answer === undefined ? 'error' : answer.allowed ? 'allowed' : 'denied'));
    return waiting.pending;
  }

  private ask<T>(attributes: JsonObject, waiting: Waiting<T>, result: (answer: CheckResponse | undefined) => T): void {
    const send = (codec: Codec): void => {
      if (waiting.over) return;
      waiting.on((ended) => this.call(codec, attributes, (answer) => ended(result(answer))));
    };
    if (this.codec) send(this.codec);
    else this.loading.then(send, () => waiting.end(result(undefined)));
  }

  private call(codec: Codec, attributes: JsonObject, done: (answer: CheckResponse | undefined) => void): Pending | undefined {
    const { cluster, authority, timeoutMs } = this.authorizer;
    const headers: Headers = ['te', 'trailers', 'grpc-timeout', timeoutText(timeoutMs), 'content-type', 'application/grpc'];
    const head = { method: 'POST', path: '/envoy.service.auth.v3.Authorization/Check', authority, scheme: 'http', headers };
    const body = frameOf(codec.encodeCheck(attributes));
    return UpstreamCall.start(this.deps, { cluster, protocol: 'http2', head, body, timeoutMs }, (answer) => done(answer && decoded(codec, answer)));
  }

  private verdict(record: ExchangeRecord, answer: CheckResponse | undefined): ExternalVerdict {
    if (answer === undefined) return { kind: 'error', reply: errorReply(this.authorizer) };
    if (!answer.allowed) return { kind: 'denied', reply: deniedReply(answer.status, answer.body, answer.headers) };
    const { changes, removed, query, response } = answer;
    const head = changeRequest(record, changes, removed);
    const path = changeQuery(record, query.set, query.removed);
    const told = changesOfResponse(response);
    if (told.length > 0) record.responseChanges = [...(record.responseChanges ?? []), ...told];
    return { kind: 'allowed', changed: head || path };
  }
}

/** Eight digits at most. */
function timeoutText(milliseconds: number): string {
  return milliseconds < 100_000_000 ? `${Math.ceil(milliseconds)}m` : `${Math.ceil(milliseconds / 1000)}S`;
}

/** Undefined for what is no answer. */
function decoded(codec: Codec, { status, headers, trailers, body }: CallAnswer): CheckResponse | undefined {
  if (status !== 200 || (getHeader(trailers, 'grpc-status') ?? getHeader(headers, 'grpc-status')) !== '0') return undefined;
  const message = messageOf(body);
  try {
    return message && codec.decodeAnswer(message);
  } catch {
    return undefined;
  }
}
