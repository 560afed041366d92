import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { secretCredentials } from './secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'weft-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

function made(name: string): { cert: string; key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-subj', `/CN=${name}`, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

const [a, b] = [made('a'), made('b')];
const pairOf = ({ cert, key }: typeof a) => ({ certificateChain: cert, privateKey: key });

it.each<[string, Record<string, string>, unknown, string[]]>([
  ['a Secret of type kubernetes.io/tls', { 'tls.crt': a.cert, 'tls.key': a.key }, { pair: pairOf(a) }, []],
  ['with the roots of clients', { 'tls.crt': a.cert, 'tls.key': a.key, 'ca.crt': b.cert }, { pair: pairOf(a), roots: b.cert }, []],
  ['one of its own', { cert: a.cert, key: a.key, cacert: b.cert }, { pair: pairOf(a), roots: b.cert }, []],
  ['both: that of its own', { cert: a.cert, key: a.key, 'tls.crt': b.cert, 'tls.key': b.key }, { pair: pairOf(a) }, []],
  ['one of its own that is half', { cert: b.cert, 'tls.crt': a.cert, 'tls.key': a.key }, { pair: pairOf(a) }, []],
  ['roots only', { cacert: a.cert }, { roots: a.cert }, []],
  [
    'a key of another certificate',
    { 'tls.crt': a.cert, 'tls.key': b.key, 'ca.crt': b.cert },
    { roots: b.cert },
    ['the private key is not that of the certificate'],
  ],
  ['entries of both forms', { cert: a.cert, 'tls.key': a.key }, {}, ['there is a certificate, and no private key']],
  ['a key alone', { 'tls.key': a.key }, {}, ['there is a private key, and no certificate']],
  [
    'roots with a broken list of those who are revoked',
    { 'ca.crt': a.cert, 'ca.crl': 'x' },
    {},
    ['the list of revoked certificates cannot be read: it is to be PEM'],
  ],
  ['what are no roots', { 'ca.crt': 'x' }, {}, ['there is no certificate in it: they are to be PEM']],
])('%s', (_, data, credentials, problems) => {
  expect(secretCredentials(data)).toEqual({ credentials, problems });
});

it('nothing for TLS is nothing', () => {
  expect(secretCredentials({ password: 'x', 'tls.crt': '' })).toBeUndefined();
});

it('problems have nothing of what is in it', () => {
  const { problems = [] } = secretCredentials({ 'tls.crt': 'PLANTED-CERT', 'tls.key': 'PLANTED-KEY', 'ca.crt': 'PLANTED-ROOT' }) ?? {};
  expect(problems).toHaveLength(2);
  expect(problems.join()).not.toContain('PLANTED');
});
