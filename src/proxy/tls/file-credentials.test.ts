import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { issueAuthority, issueServing } from '../../pki/issue.ts';
import type { KeyPair } from '../../pki/pem.ts';
import { pairName, revokedName, rootsName, systemRoots } from './credential-names.ts';
import { FileCredentials } from './file-credentials.ts';
import { WorkloadFiles } from './workload-files.ts';

let first: KeyPair;
let second: KeyPair;
let authority: KeyPair;
let folder: string;
let told: string[];
let credentials: FileCredentials;

beforeAll(async () => {
  authority = await issueAuthority('a', Date.now());
  first = await issueServing(authority, ['first'], Date.now());
  second = await issueServing(authority, ['second'], Date.now());
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-files-'));
  told = [];
  credentials = new FileCredentials((problem) => void told.push(problem));
});
afterEach(() => {
  credentials.close();
  rmSync(folder, { recursive: true, force: true });
  vi.useRealTimers();
});

const path = (name: string): string => join(folder, name);
/** In one step; each time another file. */
function write(name: string, text: string): void {
  writeFileSync(path('.new'), text);
  renameSync(path('.new'), path(name));
}
const pair = (): string => pairName(path('a.crt'), path('a.key'));

/** Looks again, as it does by itself after a while. */
async function lookedAgain(): Promise<void> {
  await credentials.follow([pair(), rootsName(path('roots'))]);
}

it('reads pairs, roots and lists', async () => {
  write('a.crt', first.certificate);
  write('a.key', first.key);
  write('roots', authority.certificate);
  await credentials.follow([pair(), rootsName(path('roots')), 'shop/secret']);
  expect(credentials.named(pair())).toEqual({ pair: { certificateChain: first.certificate, privateKey: first.key } });
  expect(credentials.named(rootsName(path('roots')))).toEqual({ roots: authority.certificate });
  expect(credentials.named('shop/secret')).toBeUndefined();
  expect(credentials.problems).toEqual([]);
});

it('the roots of the system are there without being asked for', () => {
  expect(credentials.named(systemRoots)?.roots).toContain('-----BEGIN CERTIFICATE-----');
});

it('says what is wrong with a file, and nothing of what is in it', async () => {
  write('a.crt', first.certificate);
  write('a.key', second.key);
  write('roots', 'secret words');
  write('crl', 'secret words');
  await credentials.follow([pair(), rootsName(path('roots')), revokedName(path('crl')), rootsName(path('nowhere'))]);
  expect(credentials.problems).toEqual([
    `${path('a.crt')}, ${path('a.key')}: the private key is not that of the certificate`,
    `${path('roots')}: there is no certificate in it: they are to be PEM`,
    `${path('crl')}: the list of revoked certificates cannot be read: it is to be PEM`,
    `cannot read ${path('nowhere')}: ENOENT`,
  ]);
  expect(credentials.named(pair())).toBeUndefined();
});

it('half of a pair is not taken; the one before goes on until both are there', async () => {
  write('a.crt', first.certificate);
  write('a.key', first.key);
  write('roots', authority.certificate);
  await lookedAgain();
  write('a.key', second.key);
  await lookedAgain();
  expect(credentials.named(pair())?.pair?.privateKey).toBe(first.key);
  expect(told).toEqual([`${path('a.crt')}, ${path('a.key')}: the private key is not that of the certificate: what was read before goes on`]);
  write('a.crt', second.certificate);
  await lookedAgain();
  expect(credentials.named(pair())?.pair).toEqual({ certificateChain: second.certificate, privateKey: second.key });
  expect(told).toHaveLength(1);
});

it('what is taken away goes on', async () => {
  write('a.crt', first.certificate);
  write('a.key', first.key);
  write('roots', authority.certificate);
  await lookedAgain();
  rmSync(path('roots'));
  await lookedAgain();
  expect(credentials.named(rootsName(path('roots')))?.roots).toBe(authority.certificate);
  expect(told).toEqual([`cannot read ${path('roots')}: ENOENT: what was read before goes on`]);
});

it('a volume of Kubernetes changes what a link stands for', async () => {
  write('v1', authority.certificate);
  write('v2', `${authority.certificate}${authority.certificate}`);
  symlinkSync(path('v1'), path('roots'));
  write('a.crt', first.certificate);
  write('a.key', first.key);
  await lookedAgain();
  symlinkSync(path('v2'), path('.link'));
  renameSync(path('.link'), path('roots'));
  await lookedAgain();
  expect(credentials.named(rootsName(path('roots')))?.roots).toHaveLength(2 * authority.certificate.length);
});

it('looks by itself, and tells when something is other than it was', async () => {
  write('a.crt', first.certificate);
  write('a.key', first.key);
  write('roots', authority.certificate);
  await lookedAgain();
  const changed = new Promise<void>((resolve) => void credentials.onChange(resolve));
  write('a.key', second.key);
  write('a.crt', second.certificate);
  await changed;
  expect(credentials.named(pair())?.pair?.certificateChain).toBe(second.certificate);
});

it('an identity of files says who it is, and until when', async () => {
  const { issueWorkload } = await import('../../pki/issue.ts');
  const { makeRequest, requestedKey } = await import('../../pki/certificate-request.ts');
  const id = 'spiffe://cluster.local/ns/shop/sa/cart';
  const { request, key } = await makeRequest(id);
  write('a.crt', await issueWorkload(authority, await requestedKey(request), id, 3_600_000, Date.now()));
  write('a.key', key);
  write('roots', authority.certificate);
  const files = new WorkloadFiles({ certificate: path('a.crt'), key: path('a.key'), roots: path('roots') }, () => {});
  await files.start();
  expect(files.workload()).toMatchObject({ spiffeId: id, roots: authority.certificate, privateKey: key });
  expect(Math.abs((files.workload()?.expiresAt ?? 0) - Date.now() - 3_600_000)).toBeLessThan(5000);
  files.close();
  rmSync(path('roots'));
  const broken = new WorkloadFiles({ certificate: path('a.crt'), key: path('a.key'), roots: path('roots') }, () => {});
  await expect(broken.start()).rejects.toThrow(`cannot read ${path('roots')}: ENOENT`);
  broken.close();
});
