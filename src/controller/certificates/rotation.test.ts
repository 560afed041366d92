import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { expiryOf } from '../../pki/validity.ts';
import { caBundleOf, formerGraceMs, rotate, type ServingCertificates, trustGraceMs } from './rotation.ts';

const day = 24 * 60 * 60 * 1000;
const dnsNames = ['weft-controller.istio-system.svc', 'weft-controller.istio-system'];
const start = Date.parse('2026-01-01T00:00:00Z');
const at = (now: number, nextTrustedSince?: number) => ({ now, dnsNames, nextTrustedSince });

const trusts = (bundle: string, serving: string): boolean => {
  const authorities = bundle.split(/(?<=-----END CERTIFICATE-----\n)/).filter((text) => text !== '');
  return authorities.some((authority) => new X509Certificate(serving).verify(new X509Certificate(authority).publicKey));
};

it('what is made at first is trusted by clients of TLS', async () => {
  const made = await rotate(undefined, at(Date.now()));
  const server = createServer({ cert: made.serving.certificate, key: made.serving.key }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const verify = (servername: string, ca: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', ca, servername }, () => resolve(socket.end() && 'trusted'));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  const other = await rotate(undefined, at(Date.now()));
  expect(await Promise.all(dnsNames.map((name) => verify(name, caBundleOf(made))))).toEqual(['trusted', 'trusted']);
  expect(await verify('elsewhere.istio-system.svc', caBundleOf(made))).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(await verify(dnsNames[0] as string, caBundleOf(other))).not.toBe('trusted');
  server.close();
});

it('lives: an authority has ten years, a server 90 days, and both begin an hour before', async () => {
  const made = await rotate(undefined, at(start));
  expect(expiryOf(made.authority.certificate)).toBe(start + 3650 * day);
  expect(expiryOf(made.serving.certificate)).toBe(start + 90 * day);
  expect(new X509Certificate(made.serving.certificate).validFromDate.getTime()).toBe(start - 60 * 60 * 1000);
});

it('a server has a new certificate after two thirds of its life, of the same authority', async () => {
  const made = await rotate(undefined, at(start));
  expect(await rotate(made, at(start + 60 * day - 1000))).toBe(made);
  const renewed = await rotate(made, at(start + 60 * day));
  expect(renewed.authority).toBe(made.authority);
  expect(expiryOf(renewed.serving.certificate)).toBe(start + 150 * day);
  expect(await rotate(renewed, at(start + 60 * day))).toBe(renewed);
});

it.each<[string, (good: ServingCertificates, other: ServingCertificates) => ServingCertificates, 'serving' | 'all' | 'next']>([
  ['a key of another certificate', (good, other) => ({ ...good, serving: { ...good.serving, key: other.serving.key } }), 'serving'],
  ['a certificate of another authority', (good, other) => ({ ...good, serving: other.serving }), 'serving'],
  ['no certificate', (good) => ({ ...good, serving: { certificate: 'x', key: '' } }), 'serving'],
  ['an authority without its key', (good, other) => ({ ...good, authority: { ...good.authority, key: other.authority.key } }), 'all'],
  ['an authority that is none', (good) => ({ ...good, authority: good.serving }), 'all'],
  ['a next authority that is none', (good) => ({ ...good, next: good.serving }), 'next'],
])('repairs %s', async (_, damage, expected) => {
  const good = await rotate(undefined, at(start));
  const repaired = await rotate(damage(good, await rotate(undefined, at(start))), at(start));
  expect(trusts(caBundleOf(repaired), repaired.serving.certificate)).toBe(true);
  expect(repaired.authority === good.authority).toBe(expected !== 'all');
  expect(repaired.serving === good.serving).toBe(expected === 'next');
  expect(repaired.next).toBeUndefined();
});

it('other names have another certificate', async () => {
  const made = await rotate(undefined, at(start));
  const moved = await rotate(made, { ...at(start), dnsNames: ['weft-controller-canary.istio-system.svc'] });
  expect(moved.authority).toBe(made.authority);
  expect(new X509Certificate(moved.serving.certificate).checkHost('weft-controller-canary.istio-system.svc')).toBeDefined();
});

it('for 14 years, whatever is served was trusted before, for as long as it takes to tell everybody', async () => {
  let known = await rotate(undefined, at(start));
  /** What those who verify trust now, and since when. */
  let told = { bundle: caBundleOf(known), since: start };
  const authorities = new Set<string>();
  const servings = new Set<string>();
  // Minute by minute after each change, else in steps of five days.
  let closely = 0;
  for (let now = start; now < start + 14 * 365 * day; now += closely-- > 0 ? 60_000 : 5 * day) {
    const { next } = known;
    const nextTrustedSince = next && told.bundle.includes(next.certificate) ? told.since : undefined;
    const wanted = await rotate(known, at(now, nextTrustedSince));
    if (wanted.serving !== known.serving) {
      // Whoever verifies has not heard of the change yet, and some replica has not, either.
      expect(trusts(told.bundle, wanted.serving.certificate)).toBe(true);
      if (wanted.authority !== known.authority) expect(now - told.since).toBeGreaterThanOrEqual(trustGraceMs);
      expect(trusts(caBundleOf(wanted), known.serving.certificate)).toBe(true);
    }
    if (wanted !== known) closely = 6;
    known = wanted;
    if (caBundleOf(known) !== told.bundle) told = { bundle: caBundleOf(known), since: now };
    authorities.add(known.authority.certificate);
    servings.add(known.serving.certificate);
    for (const certificate of [known.authority.certificate, known.serving.certificate]) expect(expiryOf(certificate) - now).toBeGreaterThan(29 * day);
    // What is not needed any more is not trusted for ever.
    if (known.former !== undefined)
      expect(now - (new X509Certificate(known.serving.certificate).validFromDate.getTime() + 3_600_000)).toBeLessThan(formerGraceMs);
  }
  expect(authorities.size).toBe(3);
  expect(servings.size).toBeGreaterThan((14 * 365) / 66);
}, 20_000);
