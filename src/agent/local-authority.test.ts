import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { certificatesOf, readCertificate } from '../pki/pem.ts';
import { LocalAuthority, localAuthorityFolder } from './local-authority.ts';

const dayMs = 24 * 60 * 60 * 1000;
const id = 'spiffe://cluster.local/ns/shop/sa/cart';

let base: string;
let now: number;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'weft-authority-'));
  now = Date.now();
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const clock = { now: () => now, after: () => () => {} };
const authority = (): LocalAuthority => new LocalAuthority(join(base, 'mtls'), clock);

/** Whether one of the roots has signed it. */
function isSigned(chain: string, roots: string): boolean {
  const certificate = readCertificate(chain);
  return certificatesOf(roots).some((root) => {
    const one = readCertificate(root);
    return one !== undefined && certificate?.verify(one.publicKey) === true;
  });
}

describe('an authority on this machine', () => {
  it('signs for one day, for a name of the mesh and no other', async () => {
    const { certificateChain, roots, expiresAt, spiffeId } = await authority().sign(id);
    expect(spiffeId).toBe(id);
    expect(readCertificate(certificateChain)?.subjectAltName).toBe(`URI:${id}`);
    expect(isSigned(certificateChain, roots)).toBe(true);
    expect(Math.abs(expiresAt - now - dayMs)).toBeLessThan(2000);
  });

  it('nobody else may read it', async () => {
    await authority().sign(id);
    const folder = join(base, 'mtls');
    const [file = ''] = readdirSync(folder);
    expect([statSync(folder).mode & 0o777, statSync(join(folder, file)).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it('a folder that others may read is closed to them', async () => {
    mkdirSync(join(base, 'mtls'), { mode: 0o755 });
    authority();
    expect(statSync(join(base, 'mtls')).mode & 0o777).toBe(0o700);
  });

  it('all proxies have the same, also those that start at the same moment', async () => {
    const [a, b] = await Promise.all([authority().sign(id), authority().sign(id)]);
    const roots = await authority().roots();
    expect([isSigned(a.certificateChain, roots), isSigned(b.certificateChain, roots)]).toEqual([true, true]);
    const c = await authority().sign(id);
    const d = await authority().sign(id);
    expect(c.roots).toBe(d.roots);
    // From then on they agree on who signs.
    const issuer = (chain: string): string | undefined => certificatesOf(roots).find((root) => isSigned(chain, root));
    expect(issuer(c.certificateChain)).toBe(issuer(d.certificateChain));
  });

  it('gives way to another one before it ends, and what the former signed is known to its end', async () => {
    const one = authority();
    const before = await one.sign(id);
    now += 21 * dayMs;
    const between = await one.sign(id);
    // The new one is known, and does not sign yet.
    expect(certificatesOf(between.roots)).toHaveLength(2);
    expect(isSigned(between.certificateChain, before.roots)).toBe(true);
    now += 61_000;
    const after = await one.sign(id);
    expect(isSigned(after.certificateChain, before.roots)).toBe(false);
    expect(isSigned(after.certificateChain, after.roots)).toBe(true);
    expect(isSigned(between.certificateChain, after.roots)).toBe(true);
    now += 10 * dayMs;
    expect(certificatesOf(await one.roots())).toHaveLength(1);
  });

  it('what is no authority is left out', async () => {
    const one = authority();
    await one.sign(id);
    writeFileSync(join(base, 'mtls', 'authority-1-aa.pem'), 'broken');
    writeFileSync(join(base, 'mtls', 'notes.txt'), 'mine');
    expect((await one.sign(id)).spiffeId).toBe(id);
    expect(readdirSync(join(base, 'mtls')).sort()).toContain('notes.txt');
  });
});

it.each([
  [{ XDG_RUNTIME_DIR: '/run/user/1', XDG_CACHE_HOME: '/c' }, '/run/user/1/weft/mtls/cluster.local'],
  [{ XDG_CACHE_HOME: '/c' }, '/c/weft/mtls/cluster.local'],
])('it is where %j says', (env, expected) => expect(localAuthorityFolder('cluster.local', env)).toBe(expected));

it.each(['../../etc', '.', '..', 'a/b', ''])('the trust domain %j leads nowhere else', (trustDomain) => {
  const folder = localAuthorityFolder(trustDomain, { XDG_CACHE_HOME: '/c' });
  expect(folder.startsWith('/c/weft/mtls')).toBe(true);
  expect(folder.slice('/c/weft/mtls/'.length)).not.toContain('/');
});
