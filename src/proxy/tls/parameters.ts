// What TLS is spoken with: versions, cipher suites, curves (MAP-R56, MAP-R70).
import { constants } from 'node:crypto';
import { getCiphers, type SecureContextOptions, type SecureVersion } from 'node:tls';

/** Of TLS 1.3, which nobody can choose. The first is as strong as is needed, and the fastest. */
const newest = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** With others, for TLS 1.2. */
const defaultCipherSuites: readonly string[] = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
];

/** Those that were ever to be had; the others are no names of groups, and TLS libraries refuse the whole list. */
const knownCurves: ReadonlySet<string> = new Set(['X25519', 'P-256', 'P-384', 'P-521', 'X25519MLKEM768', 'SecP256r1MLKEM768']);
const defaultCurves: readonly string[] = ['X25519', 'P-256'];

const versions: ReadonlySet<string> = new Set(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']);

export interface TlsParameters {
  minVersion?: string;
  maxVersion?: string;
  /** Of TLS 1.2 and before; those that are not known do not count. */
  cipherSuites?: readonly string[];
  ecdhCurves?: readonly string[];
  /** Of certificates with keys of several kinds, clients that take one with an EC key are shown that. */
  ecdsaFirst?: boolean;
}

type Parameters = Pick<SecureContextOptions, 'minVersion' | 'maxVersion' | 'ciphers' | 'ecdhCurve' | 'honorCipherOrder' | 'secureOptions'>;

export function parameters({ minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3', cipherSuites = [], ecdhCurves = [], ecdsaFirst }: TlsParameters): Parameters {
  const min = versions.has(minVersion) ? minVersion : 'TLSv1.2';
  const known = cipherSuites.filter((suite) => known12().has(suite.toLowerCase()));
  const suites = known.length > 0 ? known : defaultCipherSuites;
  const isEcdsa = (suite: string): boolean => suite.includes('-ECDSA-');
  const ordered = ecdsaFirst ? [...suites.filter(isEcdsa), ...suites.filter((suite) => !isEcdsa(suite))] : suites;
  const curves = ecdhCurves.filter((curve) => knownCurves.has(curve));
  // Without this word the hashes of the versions before 1.2 are refused.
  const level = min < 'TLSv1.2' ? ['@SECLEVEL=0'] : [];
  return {
    minVersion: min as SecureVersion,
    maxVersion: (versions.has(maxVersion) ? maxVersion : 'TLSv1.3') as SecureVersion,
    ciphers: [...newest, ...ordered, ...level].join(':'),
    ecdhCurve: (curves.length > 0 ? curves : defaultCurves).join(':'),
    honorCipherOrder: true,
    // Clients without AES in hardware say so by their order.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION | constants.SSL_OP_PRIORITIZE_CHACHA,
  };
}

let openssl: ReadonlySet<string> | undefined;

function known12(): ReadonlySet<string> {
  openssl ??= new Set(getCiphers());
  return openssl;
}
