import { beforeAll, describe, expect, it } from 'vitest';
import { issueAuthority, issueServing } from '../pki/issue.ts';
import { KnownValues } from './known-values.ts';
import { learnSecret } from './learn.ts';
import { Redactor } from './redactor.ts';
import { Tally } from './tally.ts';
import { leaksIn } from './testing.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
let pair: { certificate: string; key: string };
let authority: { certificate: string; key: string };

beforeAll(async () => {
  const now = Date.UTC(2026, 0, 10);
  authority = await issueAuthority('root of shop', now);
  pair = await issueServing(authority, ['web.shop.example', 'www.shop.example'], now);
});

describe('a certificate and its key', () => {
  it('in a Secret: whose it is and its days stay', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { name: 'web' },
      data: { 'tls.crt': base64(pair.certificate + authority.certificate), 'tls.key': base64(pair.key), both: base64(pair.key + pair.certificate) },
    };
    const known = new KnownValues();
    learnSecret(known, secret);
    const tally = new Tally();
    const { data } = new Redactor(known).value(secret, tally);
    const facts =
      'certificate of CN=web.shop.example, for DNS:web.shop.example, DNS:www.shop.example, by CN=root of shop, 20\\d\\d-\\d\\d-\\d\\d to 20\\d\\d-\\d\\d-\\d\\d';
    expect(data['tls.crt']).toMatch(new RegExp(`^<redacted \\d+ bytes, ${facts}, and 1 more>$`));
    expect(data['tls.key']).toMatch(/^<redacted \d+ bytes, private key>$/);
    expect(data.both).toMatch(new RegExp(`^<redacted \\d+ bytes, ${facts}, private key>$`));
    expect(tally.entries()).toEqual([['secret-data', 3]]);
  });

  it('in a dump and in a log: the key goes, the certificate stays', () => {
    const redactor = new Redactor();
    const dump = { tls_certificate: { certificate_chain: { inline_bytes: base64(pair.certificate) }, private_key: { inline_bytes: base64(pair.key) } } };
    expect(redactor.value(dump)).toEqual({
      tls_certificate: { certificate_chain: { inline_bytes: base64(pair.certificate) }, private_key: { inline_bytes: '<redacted value>' } },
    });
    const out = redactor.text(`${pair.certificate}${pair.key}${authority.certificate}`);
    expect(out).toBe(`${pair.certificate}<redacted private key>\n${authority.certificate}`);
    for (const line of pair.key.split('\n').filter((one) => one.length > 20 && !one.startsWith('-'))) expect(leaksIn(out, line)).toEqual([]);
  });

  it('the key without its frame, as DER in base64', () => {
    const der = pair.key.replace(/-----[^-]+-----|\s/g, '');
    expect(new Redactor().text(`note ${der} end`)).toBe('note <redacted private key> end');
    expect(new Redactor().text(`note ${pair.certificate.replace(/-----[^-]+-----|\s/g, '')} end`)).not.toContain('redacted');
  });
});
