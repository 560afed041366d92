import fc from 'fast-check';
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { KnownValues } from './known-values.ts';
import { learnSecret, learnText } from './learn.ts';
import { Redactor } from './redactor.ts';
import { Tally } from './tally.ts';
import { leaksIn, privateKeyPem } from './testing.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secretOf = (data: Record<string, string>): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'shop', name: 'db' },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
});
const redactorFor = (data: Record<string, string>, isPublic?: (text: string) => boolean): Redactor => {
  const known = new KnownValues(isPublic);
  learnSecret(known, secretOf(data));
  return new Redactor(known);
};

describe('values of Secrets are found', () => {
  const value = 'Grüße: 7 <Zwerge> & "Riesen" \\ 9';
  const shifted = ['', 'x', 'xy'].flatMap((before) => [base64(`${before}${value}`), base64(`${before}${value}zz`)]);
  const json = JSON.stringify(value).slice(1, -1);
  it.each([
    value,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(value),
    encodeURIComponent(value).replaceAll('%20', '+'),
    encodeURIComponent(encodeURIComponent(value)),
    ...shifted,
    ...shifted.map((one) => one.replaceAll('+', '-').replaceAll('/', '_')),
    ...shifted.map((one) => encodeURIComponent(one)),
    base64(base64(value)),
    Buffer.from(value).toString('hex'),
  ])('as %s', (form) => {
    const out = redactorFor({ note: value }).text(`before ${form} after`);
    expect(out).toMatch(/^before .*<redacted (?:Secret shop\/db note|encoded content, \d+ bytes)>.* after$/);
    expect(leaksIn(out, value)).toEqual([]);
  });

  it('in the middle of other base64', () => {
    const redactor = redactorFor({ a: 'correct-horse-battery' });
    for (const before of ['', 'x', 'xy', 'xyz']) {
      const out = redactor.text(`note ${base64(`${before}correct-horse-battery and more`)} end`);
      expect(leaksIn(out, 'correct-horse-battery')).toEqual([]);
      expect(out).toMatch(/^note .*redacted.* end$/);
    }
  });

  it.each<[string, string, string]>([
    ['a password in a configuration', 'server:\n  password: s3cr3t-of-db\n  port: 80\n', 's3cr3t-of-db'],
    ['a password in an address', '{"url":"postgres://app:s3cr3t-of-db@db/pay"}', 's3cr3t-of-db'],
    ['credentials of a registry', JSON.stringify({ auths: { 'r.example': { auth: base64('me:s3cr3t-of-db') } } }), 's3cr3t-of-db'],
    ['a value that is encoded twice', base64('s3cr3t-of-db'), 's3cr3t-of-db'],
    ['properties', 'a=b\ndb.password=s3cr3t-of-db\n', 's3cr3t-of-db'],
    ['a word that no name tells', 'a: x\nb: Zq81mmXk20PpLw77Ab\n', 'Zq81mmXk20PpLw77Ab'],
    ['a line of a private key', privateKeyPem(), privateKeyPem().split('\n')[5] as string],
    ['a token of a kubeconfig', dump({ users: [{ user: { token: 's3cr3t-of-db' } }] }), 's3cr3t-of-db'],
  ])('%s alone', (_, content, part) => {
    expect(leaksIn(redactorFor({ a: content }).text(`it is ${part} here`), part)).toEqual([]);
  });

  it('of a long value every part', () => {
    const words = Array.from({ length: 400 }, (_, i) => `word${i}`).join(' ');
    const out = redactorFor({ a: words }).text(`begin ${words} end ${words.slice(1200)} done`);
    expect(out).not.toMatch(/word\d/);
    expect(out).toMatch(/^begin .* end .* done$/);
  });

  it('of bytes that are no text', () => {
    const bytes = Buffer.from(Array.from({ length: 60 }, (_, i) => (i * 37 + 200) & 0xff));
    const known = new KnownValues();
    learnSecret(known, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, data: { a: bytes.toString('base64') } });
    expect(new Redactor(known).text(`a ${bytes.toString('base64')} b ${bytes.toString('hex')} c`)).toMatch(/^a <redacted[^>]*>=* b <redacted[^>]*> c$/);
  });

  it('in names of fields, and where a number is', () => {
    const redactor = redactorFor({ a: 'correct-horse-battery', pin: '84629173' });
    expect(redactor.value({ 'x correct-horse-battery': { pin: 84629173, other: 80 } })).toEqual({
      'x <redacted Secret shop/db a>': { pin: '<redacted Secret shop/db pin>', other: 80 },
    });
  });

  it('what a kubeconfig has that is secret', () => {
    const known = new KnownValues();
    learnText(
      known,
      dump({ clusters: [{ name: 'east', cluster: { server: 'https://east:6443' } }], users: [{ name: 'ana', user: { token: 'my-own-token-77' } }] }),
      'kubeconfig',
    );
    expect(new Redactor(known).text('east ana https://east:6443 my-own-token-77')).toBe('east ana https://east:6443 <redacted kubeconfig>');
  });
});

describe('values that are no secrets stay', () => {
  it('short words and numbers', () => {
    const redactor = redactorFor({ a: 'true', b: 'admin', c: '5432', d: 'x' });
    expect(redactor.text('true admin 5432 x')).toBe('true admin 5432 x');
  });
  it('short values as parts of words', () => {
    expect(redactorFor({ a: 'ab12' }).text('cab123 ab12 ab12.')).toBe('cab123 <redacted Secret shop/db a> <redacted Secret shop/db a>.');
  });
  it('in the marks themselves', () => {
    const redactor = redactorFor({ username: 'username', redacted: 'redacted' });
    const out = redactor.text('my username is redacted');
    expect(out).toBe('my <redacted Secret shop/db username> is redacted');
    expect([redactor.text(out), redactor.left(out)]).toEqual([out, 0]);
    // Others may write what looks like one.
    expect(redactor.text('<redacted username>')).toBe('<redacted <redacted Secret shop/db username>>');
  });
  it('names that everybody sees', () => {
    const redactor = redactorFor({ database: 'payments', host: 'db.payments.svc' }, (text) => ['payments', 'db.payments.svc'].includes(text));
    expect(redactor.text('payments at db.payments.svc')).toBe('payments at db.payments.svc');
  });
  it('certificates', () => {
    const certificate = `-----BEGIN CERTIFICATE-----\n${base64('a certificate, or so it says, that is long enough').replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`;
    const redactor = redactorFor({ 'tls.crt': certificate, 'tls.key': privateKeyPem() });
    expect(redactor.text(certificate)).toBe(certificate);
    expect(redactor.value({ ca: base64(certificate) })).toEqual({ ca: base64(certificate) });
    expect(leaksIn(redactor.text(privateKeyPem()), privateKeyPem().split('\n')[3] as string)).toEqual([]);
  });
});

const places = fc.letrec<{ tree: (secret: string) => unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<(secret: string) => unknown>(
      (secret) => secret,
      (secret) => `${secret}`,
      (secret) => base64(secret),
      (secret) => base64(base64(secret)),
      (secret) => encodeURIComponent(secret.toWellFormed()),
      (secret) => JSON.stringify({ a: secret }),
      (secret) => JSON.stringify(JSON.stringify({ a: [secret] })),
      (secret) => dump({ a: { b: secret }, c: [secret] }),
      (secret) => Buffer.from(secret).toString('hex'),
      (secret) => ({ [`k ${secret} k`]: 1 }),
      (secret) => ({ name: 'note', value: secret }),
      (secret) => `"GET /a?q=${encodeURIComponent(secret.toWellFormed())}&r=1 HTTP/1.1"`,
    ),
    fc.tuple(fc.string(), tie('tree'), fc.string()).map(([before, tree, after]) => (secret: string): unknown => {
      const inner = tree(secret);
      return typeof inner === 'string' ? `${before} ${inner} ${after}` : [before, inner, after];
    }),
    fc.tuple(fc.string({ minLength: 1 }), tie('tree'), fc.jsonValue()).map(([key, tree, other]) => (secret: string): unknown => ({
      [key]: tree(secret),
      neighbour: other,
    })),
    fc.tuple(tie('tree'), tie('tree')).map(([first, second]) => (secret: string): unknown => [first(secret), second(secret)]),
  ),
})).tree;

/** What people have as passwords, and what machines make. */
const secrets = fc
  .oneof(
    fc.string({ minLength: 8, maxLength: 40 }),
    fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' }),
    fc.stringMatching(/^[A-Za-z0-9+/]{20,60}={0,2}$/),
    fc.stringMatching(/^[a-z]{3,8}-[a-z]{3,8}-\d{1,4}$/),
  )
  .map((text) => text.trim())
  // In marks, and in what is planted around it, there are words, too.
  .filter(
    (text) => text.length >= 8 && /^[\u0020-\uffff]*$/.test(text) && !/redact|Secret|GET|HTTP|neighbour|bytes|content/i.test(text) && text.isWellFormed(),
  );

describe('properties', () => {
  it('a value of a Secret is nowhere, wherever it was, and what went through once stays', () => {
    fc.assert(
      fc.property(secrets, places, fc.string({ minLength: 1, maxLength: 12 }), (secret, place, key) => {
        const redactor = redactorFor({ [key]: secret });
        const out = redactor.value({ spec: place(secret), kept: 'this stays' });
        const text = JSON.stringify(out);
        expect(redactor.left(text)).toBe(0);
        expect(leaksIn(text, secret)).toEqual([]);
        const strings: string[] = [];
        JSON.stringify(out, (name, value) => {
          strings.push(name, ...(typeof value === 'string' ? [value] : []));
          return value;
        });
        for (const one of strings) expect(leaksIn(one, secret)).toEqual([]);
        expect(out.kept).toBe('this stays');
        expect(redactor.value(out)).toEqual(out);
      }),
      { numRuns: 400 },
    );
  });

  it('a Secret is without its values, whatever is in it', () => {
    fc.assert(
      fc.property(secrets, fc.constantFrom('data', 'stringData'), (secret, field) => {
        const tally = new Tally();
        const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, [field]: { key: field === 'data' ? base64(secret) : secret } };
        expect(leaksIn(JSON.stringify(new Redactor().value(object, tally)), secret)).toEqual([]);
        expect(tally.entries()).toEqual([['secret-data', 1]]);
      }),
    );
  });
});
