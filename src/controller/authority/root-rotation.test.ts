import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { issueAuthority } from '../../pki/issue.ts';
import { certificatesOf } from '../../pki/pem.ts';
import { type RootState, type RootTimes, rootSecretData, rootStateIn, rootsOf, rotateRoot } from './root-rotation.ts';

const hour = 60 * 60 * 1000;
const start = Date.parse('2030-01-01T00:00:00Z');
const times: RootTimes = { lifetimeMs: 300 * hour, overlapMs: 10 * hour, formerMs: 20 * hour };

function prints(pem: string): string[] {
  return certificatesOf(pem).map((text) => new X509Certificate(text).fingerprint256);
}

describe('the root of the mesh', () => {
  it('is trusted by everybody before it signs, and as long as what it signed is in use', async () => {
    let state: RootState | undefined;
    const published = new Map<string, number>();
    const signedUntil = new Map<string, number>();
    let renewals = 0;
    for (let now = start; now < start + 1000 * hour; now += hour) {
      const next = await rotateRoot(state, now, times);
      if (state && next.authority.certificate !== state.authority.certificate) renewals++;
      const isFirst = state === undefined;
      state = next;
      const trusted = prints(rootsOf(state, now));
      for (const root of trusted) if (!published.has(root)) published.set(root, now);
      const signing = prints(state.authority.certificate)[0] as string;
      signedUntil.set(signing, now);
      if (!isFirst && renewals > 0) expect(now - (published.get(signing) as number)).toBeGreaterThanOrEqual(times.overlapMs);
      for (const [root, until] of signedUntil) if (now < until + times.formerMs) expect(trusted).toContain(root);
      expect(new X509Certificate(state.authority.certificate).validToDate.getTime()).toBeGreaterThan(now);
    }
    expect(renewals).toBeGreaterThanOrEqual(4);
    expect(prints(rootsOf(state as RootState, start + 1000 * hour)).length).toBeLessThanOrEqual(2);
  });

  it('stays the same object while nothing is to be done', async () => {
    const state = await rotateRoot(undefined, start, times);
    expect(await rotateRoot(state, start + hour, times)).toBe(state);
  });

  it('is the same after it was written and read', async () => {
    const [next, former] = await Promise.all([issueAuthority('next', start), issueAuthority('former', start)]);
    const state: RootState = { ...(await rotateRoot(undefined, start, times)), next, former: former.certificate };
    expect(rootStateIn(rootSecretData(state))).toEqual(state);
  });

  it.each([
    ['nothing', {}],
    ['a certificate without a key', { 'ca-cert.pem': 'eA==' }],
    ['other values', { 'ca-cert.pem': 1, 'ca-key.pem': null }],
  ])('is not there in a Secret with %s', (_, data) => {
    expect(rootStateIn(data)).toBeUndefined();
  });

  it('is made anew where its key is lost, and what others trust stays trusted', async () => {
    const state = await rotateRoot(undefined, start, times);
    const other = await issueAuthority('other', start);
    const broken: RootState = { authority: { ...state.authority, key: other.key }, next: other, former: '' };
    const made = await rotateRoot(broken, start + hour, times);
    expect(made.authority.certificate).not.toBe(state.authority.certificate);
    expect(rootsOf(made, start + hour)).toContain(other.certificate);
    expect(rootsOf(made, start + hour)).toContain(state.authority.certificate);
  });
});
