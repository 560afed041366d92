import { KubeError } from './error.ts';
import { type Purpose, type ServerName, serverText } from './status.ts';

/** What the system says when there is no connection, in plain words. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection was cut',
  ENOTFOUND: 'no such host name',
  EAI_AGAIN: 'the host name cannot be looked up now',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to this network',
  ETIMEDOUT: 'the host does not answer',
  EACCES: 'the system does not allow the connection',
};

/** Codes of OpenSSL and Node for a certificate that is not trusted. */
const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
]);

/** What was not sent may be sent again, whatever it is. */
export function wasNotSent(error: unknown): boolean {
  // Node tells a handshake that was cut by its text alone.
  if (error instanceof Error && error.message.includes('before secure TLS connection')) return true;
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(codeOf(error));
}

/** The connection ended, or was not there: it may be there a moment later. */
export function isConnectionLost(error: unknown): boolean {
  return ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string') return code;
  // Where a name has several addresses, each has failed on its own.
  const errors = (error as { errors?: unknown } | null)?.errors;
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : '';
}

/** The error of a request that had no answer, or half of one. */
export function errorOfConnection(error: unknown, purpose: Purpose, at: ServerName): KubeError {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const fail = (why: string, help: string): KubeError =>
    new KubeError(`cannot ${purpose}: ${serverText(at)} cannot be reached${at.via ? ` through the proxy ${at.via}` : ''}: ${why}`, {
      reason: 'Unreachable',
      help,
      cause: error,
    });
  if (code === 'ERR_INVALID_CHAR')
    return new KubeError(`cannot ${purpose}: a token or a name has characters that a header of HTTP cannot have`, {
      reason: 'BadConfig',
      help: `Check the user in ${at.origin}.`,
      cause: error,
    });
  if (untrusted.has(code))
    return fail('no certificate authority that is trusted has signed its certificate', `Check certificate-authority of the cluster in ${at.origin}.`);
  if (code === 'CERT_HAS_EXPIRED') return fail('its certificate has expired', 'Renew the certificate of the API server.');
  if (code === 'CERT_NOT_YET_VALID') return fail('its certificate is not valid yet', 'Check the clocks of this machine and of the API server.');
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return fail(
      `its certificate is for other names (${/.*altnames: (.*)$/s.exec(message)?.[1] ?? message})`,
      `Use one of these names as the server in ${at.origin}, or set tls-server-name there.`,
    );
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) {
    if (/wrong version number|packet length too long|http request/i.test(message))
      return fail('it does not speak TLS', `Check the scheme and the port of the server in ${at.origin}.`);
    if (/alert|certificate (required|unknown|expired)|bad certificate/i.test(message))
      return fail('it refuses the client certificate', `Check client-certificate of the user in ${at.origin}.`);
    return fail(`TLS fails (${message.trim()})`, `Check server and certificates in ${at.origin}.`);
  }
  const why = reasons[code] ?? (code && !message.includes(code) ? `${message} (${code})` : message);
  return fail(why, `Is the cluster running, and may this machine reach it? The address comes from ${at.origin}.`);
}
