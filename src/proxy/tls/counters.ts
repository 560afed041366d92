/** What a listener or a cluster counts of its TLS; names as Envoy has them, after `ssl.`. */
export class TlsCounters {
  handshake = 0;
  session_reused = 0;
  /** A client showed no certificate, and need not. */
  no_certificate = 0;
  connection_error = 0;
  fail_verify_no_cert = 0;
  fail_verify_error = 0;
  fail_verify_san = 0;
  fail_verify_cert_hash = 0;
  /** Connections for which there were no certificates. */
  secrets_not_ready = 0;
  readonly versions = new Map<string, number>();
  readonly ciphers = new Map<string, number>();

  established(version: string, cipher: string, reused: boolean): void {
    this.handshake++;
    if (reused) this.session_reused++;
    this.versions.set(version, (this.versions.get(version) ?? 0) + 1);
    this.ciphers.set(cipher, (this.ciphers.get(cipher) ?? 0) + 1);
  }

  reset(): void {
    for (const name of tlsCounterNames) this[name] = 0;
    this.versions.clear();
    this.ciphers.clear();
  }
}

export const tlsCounterNames = [
  'handshake',
  'session_reused',
  'no_certificate',
  'connection_error',
  'fail_verify_no_cert',
  'fail_verify_error',
  'fail_verify_san',
  'fail_verify_cert_hash',
  'secrets_not_ready',
] as const;
