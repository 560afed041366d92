import { describe, expect, it } from 'vitest';
import { parseAltNames } from './alt-names.ts';
import { certificateFailure, HandshakeError, handshakeFailure, hashFailure, namesFailure, noCertificate, secretsNotReady } from './failure.ts';

// The texts were seen on a real Envoy.
describe('failures in the words of the reference', () => {
  it.each([
    [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, 'protocol', 'TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end'],
    [
      { code: 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE' },
      'protocol',
      'TLS_error:|268436496:SSL_routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE:TLS_error_end',
    ],
    [
      { code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' },
      'protocol',
      'TLS_error:|268436576:SSL_routines:OPENSSL_internal:TLSV1_ALERT_NO_APPLICATION_PROTOCOL:TLS_error_end',
    ],
    [{ code: 'ERR_SSL_SOMETHING_NEW' }, 'protocol', 'TLS_error:|SSL_routines:OPENSSL_internal:SOMETHING_NEW:TLS_error_end'],
    [
      { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
      'certificate',
      'TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_X509_verify_cert:_certificate_verification_error_at_depth_0:_unable_to_get_local_issuer_certificate:TLS_error_end',
    ],
    [{ code: 'ECONNRESET', syscall: 'read' }, 'closed', 'TLS_error:|33554536:system_library:OPENSSL_internal:Connection_reset_by_peer:TLS_error_end'],
    [{ code: 'ECONNRESET' }, 'closed', ''],
  ])('%j', (error, kind, reason) => expect(handshakeFailure(Object.assign(new Error(), error))).toEqual({ kind, reason }));

  it('a client without a certificate', () => {
    expect(handshakeFailure(Object.assign(new Error(), { code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' }))).toBe(noCertificate);
    expect(noCertificate.reason).toBe(
      'TLS_error:|268435648:SSL_routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE:peer_did_not_provide_required_client_certificate:TLS_error_end',
    );
  });

  it('names', () => {
    const names = parseAltNames('DNS:a.example.com, URI:spiffe://x/y');
    const begin = 'TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_';
    expect(namesFailure(names).reason).toBe(`${begin}SAN_matcher,_certificate_SANs_are_[a.example.com,_spiffe://x/y]:TLS_error_end`);
    expect(namesFailure(names, ['b']).reason).toBe(
      `${begin}verify_SAN_list,_expected_SANs:_[b],_certificate_SANs:_[a.example.com,_spiffe://x/y]:TLS_error_end`,
    );
    expect(hashFailure.reason).toBe(`${begin}cert_hash_and_spki:TLS_error_end`);
  });

  it('what was found here goes through as it is', () => {
    expect(handshakeFailure(new HandshakeError(secretsNotReady))).toBe(secretsNotReady);
    expect(certificateFailure('SOMETHING_ELSE').reason).toContain('something_else');
  });
});
