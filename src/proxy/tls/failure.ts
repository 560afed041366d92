// Why a handshake failed, in the words of the reference (`%UPSTREAM_TRANSPORT_FAILURE_REASON%`, `%DOWNSTREAM_TRANSPORT_FAILURE_REASON%`).
import type { AltNames } from './alt-names.ts';

export interface TlsFailure {
  /**
   * `certificate`: it leads to no root, or is not valid any more; `names`, `hash`: it does, and is refused all the same; `protocol`: what
   * the peer sent, or an alert of it; `closed`: the connection ended; `not-ready`: certificates of our own are missing.
   */
  kind: 'no-certificate' | 'certificate' | 'names' | 'hash' | 'protocol' | 'closed' | 'not-ready' | 'timeout';
  /** Without spaces; empty where there is nothing to be told. */
  reason: string;
}

/** Numbers that the reference's TLS library has for what may go wrong; the others stay without. */
const sslReasons: Readonly<Record<string, number>> = {
  CERTIFICATE_VERIFY_FAILED: 125,
  HTTP_REQUEST: 156,
  NO_SHARED_CIPHER: 178,
  PEER_DID_NOT_RETURN_A_CERTIFICATE: 192,
  UNSUPPORTED_PROTOCOL: 240,
  WRONG_VERSION_NUMBER: 247,
};

/** By their numbers in the protocol, to which that library adds 1000. */
const alerts: Readonly<Record<string, number>> = {
  UNEXPECTED_MESSAGE: 10,
  BAD_RECORD_MAC: 20,
  RECORD_OVERFLOW: 22,
  HANDSHAKE_FAILURE: 40,
  BAD_CERTIFICATE: 42,
  UNSUPPORTED_CERTIFICATE: 43,
  CERTIFICATE_REVOKED: 44,
  CERTIFICATE_EXPIRED: 45,
  CERTIFICATE_UNKNOWN: 46,
  ILLEGAL_PARAMETER: 47,
  UNKNOWN_CA: 48,
  ACCESS_DENIED: 49,
  DECODE_ERROR: 50,
  DECRYPT_ERROR: 51,
  PROTOCOL_VERSION: 70,
  INSUFFICIENT_SECURITY: 71,
  INTERNAL_ERROR: 80,
  NO_RENEGOTIATION: 100,
  UNSUPPORTED_EXTENSION: 110,
  UNRECOGNIZED_NAME: 112,
  CERTIFICATE_REQUIRED: 116,
  NO_APPLICATION_PROTOCOL: 120,
};

const sslLibrary = 16 << 24;

function sslError(name: string, more = ''): string {
  const alert = /_ALERT_(.*)$/.exec(name)?.[1];
  const number = alert === undefined ? sslReasons[name] : alerts[alert] === undefined ? undefined : 1000 + alerts[alert];
  const code = number === undefined ? '' : `${sslLibrary + number}:`;
  return `TLS_error:|${code}SSL_routines:OPENSSL_internal:${name}${more === '' ? '' : `:${more.replaceAll(' ', '_')}`}:TLS_error_end`;
}

const notVerified = (why: string): string => sslError('CERTIFICATE_VERIFY_FAILED', `verify cert failed: ${why}`);

/** What certificates are refused for, by the names of OpenSSL. */
const verification: Readonly<Record<string, string>> = {
  UNABLE_TO_GET_ISSUER_CERT: 'unable to get issuer certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unable to get local issuer certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unable to get local issuer certificate',
  CERT_SIGNATURE_FAILURE: 'certificate signature failure',
  CERT_NOT_YET_VALID: 'certificate is not yet valid',
  CERT_HAS_EXPIRED: 'certificate has expired',
  CRL_HAS_EXPIRED: 'CRL has expired',
  UNABLE_TO_GET_CRL: 'unable to get certificate CRL',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'self signed certificate in certificate chain',
  CERT_REVOKED: 'certificate revoked',
  INVALID_CA: 'invalid CA certificate',
  INVALID_PURPOSE: 'unsupported certificate purpose',
  PATH_LENGTH_EXCEEDED: 'path length constraint exceeded',
};

/** Whether a code of an error is one of these. */
export function isVerification(code: string): boolean {
  return verification[code] !== undefined;
}

/** @param code as OpenSSL calls it: `CERT_HAS_EXPIRED` */
export function certificateFailure(code: string): TlsFailure {
  const why = verification[code] ?? code.toLowerCase().replaceAll('_', ' ');
  return { kind: 'certificate', reason: notVerified(`X509_verify_cert: certificate verification error at depth 0: ${why}`) };
}

/** @param expected where the names are not those of the configuration, but of the request */
export function namesFailure({ all }: AltNames, expected?: readonly string[]): TlsFailure {
  const shown = `[${all.join(', ')}]`;
  return {
    kind: 'names',
    reason: notVerified(
      expected ? `verify SAN list, expected SANs: [${expected.join(', ')}], certificate SANs: ${shown}` : `SAN matcher, certificate SANs are ${shown}`,
    ),
  };
}

export const hashFailure: TlsFailure = { kind: 'hash', reason: notVerified('cert hash and spki') };
export const noCertificate: TlsFailure = {
  kind: 'no-certificate',
  reason: sslError('PEER_DID_NOT_RETURN_A_CERTIFICATE', 'peer did not provide required client certificate'),
};
export const secretsNotReady: TlsFailure = { kind: 'not-ready', reason: 'TLS_error:_Secret_is_not_supplied_by_SDS' };
export const handshakeTimeout: TlsFailure = { kind: 'timeout', reason: '' };

/** A failure that was found here, and not by OpenSSL. */
export class HandshakeError extends Error {
  readonly failure: TlsFailure;

  constructor(failure: TlsFailure) {
    super(failure.reason);
    this.failure = failure;
  }
}

/** Of an error that Node tells of a handshake. */
export function handshakeFailure(error: NodeJS.ErrnoException): TlsFailure {
  if (error instanceof HandshakeError) return error.failure;
  const code = error.code ?? '';
  const ssl = /^ERR_SSL_(.+)$/.exec(code)?.[1];
  if (ssl === 'PEER_DID_NOT_RETURN_A_CERTIFICATE') return noCertificate;
  if (ssl !== undefined) return { kind: 'protocol', reason: sslError(ssl.replace('SSL/TLS_', 'SSLV3_').replace(/^TLS_ALERT/, 'TLSV1_ALERT')) };
  if (isVerification(code)) return certificateFailure(code);
  // Without the name of a call of the system it was an orderly end.
  if (code === 'ECONNRESET' && error.syscall !== undefined) {
    return { kind: 'closed', reason: 'TLS_error:|33554536:system_library:OPENSSL_internal:Connection_reset_by_peer:TLS_error_end' };
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') return { kind: 'closed', reason: '' };
  return { kind: 'protocol', reason: `TLS_error:${code === '' ? '' : `|${code}`}:TLS_error_end` };
}
