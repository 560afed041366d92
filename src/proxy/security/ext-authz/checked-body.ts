import type { ExternalAuthorizer } from '../../../ir/authorization.ts';
import type { GuardedRequest } from '../guarded-request.ts';

/** What of a request's body a service gets. */
export interface CheckedBody {
  bytes: Uint8Array;
  /** There is more of it. Undefined: no body was asked for. */
  isPartial: boolean | undefined;
}

const none: CheckedBody = { bytes: new Uint8Array(0), isPartial: undefined };

/** @param ready called once; undefined: the body is longer than it may be */
export function awaitCheckedBody({ body: wanted }: ExternalAuthorizer, request: GuardedRequest, ready: (body: CheckedBody | undefined) => void): void {
  const { body, record } = request;
  // What follows an upgrade is no body.
  if (!wanted || body.isEmpty || record.isUpgrade) {
    ready(none);
    return;
  }
  request.awaitBody(wanted.allowPartial ? wanted.maxBytes : wanted.maxBytes + 1, () => {
    if (!wanted.allowPartial && body.bytes > wanted.maxBytes) ready(undefined);
    else ready({ bytes: Buffer.concat(body.chunks).subarray(0, wanted.maxBytes), isPartial: body.bytes > wanted.maxBytes || !body.complete });
  });
}
