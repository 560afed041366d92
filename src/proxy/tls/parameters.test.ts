import { constants } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { meshCipherSuites } from '../../ir/cipher-suites.ts';
import { parameters } from './parameters.ts';

const of12 = (cipherSuites: string[]): string[] => (parameters({ cipherSuites }).ciphers ?? '').split(':').filter((suite) => !suite.startsWith('TLS_'));

describe('MAP-R56: what TLS is spoken with', () => {
  it('TLS 1.2 and 1.3, unless it is said otherwise', () => {
    expect(parameters({})).toMatchObject({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' });
    expect(parameters({ minVersion: 'TLSv1.3' })).toMatchObject({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' });
    expect(parameters({ maxVersion: 'TLSv1.2' })).toMatchObject({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    expect(parameters({ minVersion: 'SSLv3', maxVersion: 'TLSv9' })).toMatchObject({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' });
  });

  it('what the older versions need is there for those alone', () => {
    expect(parameters({ minVersion: 'TLSv1' }).ciphers).toContain('@SECLEVEL=0');
    expect(parameters({ minVersion: 'TLSv1.1' }).ciphers).toContain('@SECLEVEL=0');
    expect(parameters({}).ciphers).not.toContain('SECLEVEL');
  });

  it('cipher suites that are known, in their order; without one of them those of the default', () => {
    expect(of12(['AES128-SHA', 'ECDHE-RSA-AES256-GCM-SHA384'])).toEqual(['AES128-SHA', 'ECDHE-RSA-AES256-GCM-SHA384']);
    expect(of12(['ECDHE-RSA-AES256-GCM-SHA384', 'NO-SUCH', '@SECLEVEL=0', 'ALL'])).toEqual(['ECDHE-RSA-AES256-GCM-SHA384']);
    expect(of12(['NO-SUCH'])).toEqual(of12([]));
    expect(of12([...meshCipherSuites])).toEqual(meshCipherSuites);
    for (const suite of of12([])) expect(suite).toMatch(/^ECDHE-.*(GCM|POLY1305)/);
  });

  it('those for EC keys first, where the certificates have keys of several kinds', () => {
    const suites = ['ECDHE-RSA-AES128-GCM-SHA256', 'AES128-SHA', 'ECDHE-ECDSA-AES256-GCM-SHA384'];
    const ordered = parameters({ cipherSuites: suites, ecdsaFirst: true }).ciphers?.split(':').slice(3);
    expect(ordered).toEqual(['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES128-GCM-SHA256', 'AES128-SHA']);
  });

  it('curves that are known', () => {
    expect(parameters({}).ecdhCurve).toBe('X25519:P-256');
    expect(parameters({ ecdhCurves: ['P-384', 'P-1', 'P-256'] }).ecdhCurve).toBe('P-384:P-256');
    expect(parameters({ ecdhCurves: ['P-1'] }).ecdhCurve).toBe('X25519:P-256');
  });

  it('neither renegotiation nor compression', () => {
    const wanted = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION;
    expect((parameters({}).secureOptions ?? 0) & wanted).toBe(wanted);
  });

  it.each([
    {},
    { minVersion: 'TLSv1', cipherSuites: [...meshCipherSuites, 'AES128-SHA'] },
    { ecdhCurves: ['X25519', 'P-256', 'P-384', 'P-521', 'X25519MLKEM768', 'SecP256r1MLKEM768'] },
  ])('the library takes it: %j', (some) => expect(() => createSecureContext(parameters(some))).not.toThrow());
});
