import type { ExternalAuthorizer } from '../../../ir/authorization.ts';
import { type Headers, removeHeader } from '../../core/headers.ts';
import { LocalReply } from '../../core/local-reply.ts';
import { flags } from '../../core/response-flags.ts';

/** Of the answer's own message and connection. */
const ofTheMessage = ['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'proxy-connection', 'upgrade', 'trailer'];

/** The answer of a service that denies. */
export function deniedReply(status: number, body: Uint8Array | string, headers: Headers): LocalReply {
  const own = headers.slice();
  for (const name of ofTheMessage) removeHeader(own, name);
  return new LocalReply(status, body, flags.unauthorizedExternalService, 'ext_authz_denied', { headers: own });
}

/** Where there is no answer. */
export function errorReply({ statusOnError }: ExternalAuthorizer): LocalReply {
  return new LocalReply(statusOnError, '', flags.unauthorizedExternalService, 'ext_authz_error');
}
