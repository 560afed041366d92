import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { inCluster } from './in-cluster.ts';

const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-pod-'));
  for (const [name, text] of Object.entries({ 'ca.crt': 'PEM', token: 'first\n', namespace: 'mesh\n' })) writeFileSync(join(folder, name), text);
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

it('is the cluster of the service account', async () => {
  const pod = await inCluster(env, folder);
  expect(pod).toMatchObject({ namespace: 'mesh', endpoint: { server: 'https://[fd00::1]:443', context: '', ca: Buffer.from('PEM') } });
  expect((await pod?.credentials.current())?.headers).toEqual({ authorization: 'Bearer first' });
});

it('reads the token again after a minute', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const pod = await inCluster(env, folder);
  const token = async (): Promise<unknown> => (await pod?.credentials.current())?.headers.authorization;
  expect(await token()).toBe('Bearer first');
  writeFileSync(join(folder, 'token'), 'second');
  expect(await token()).toBe('Bearer first');
  vi.setSystemTime(Date.now() + 61_000);
  expect(await token()).toBe('Bearer second');
});

it('reads the token again when the server refuses it: there is something to try where it has changed', async () => {
  const pod = await inCluster(env, folder);
  await pod?.credentials.current();
  expect(await pod?.credentials.renew()).toBe(false);
  writeFileSync(join(folder, 'token'), 'second');
  expect(await pod?.credentials.renew()).toBe(true);
  expect((await pod?.credentials.current())?.headers).toEqual({ authorization: 'Bearer second' });
});

it('a token that is gone for a moment is read when it is there again', async () => {
  const pod = await inCluster(env, folder);
  rmSync(join(folder, 'token'));
  await expect(pod?.credentials.current()).rejects.toMatchObject({ reason: 'BadCredentials' });
  writeFileSync(join(folder, 'token'), 'second');
  expect((await pod?.credentials.current())?.headers).toEqual({ authorization: 'Bearer second' });
});

it('is nothing outside of clusters', async () => {
  expect(await inCluster({}, folder)).toBeUndefined();
});

it('tells a pod without a service account', async () => {
  await expect(inCluster(env, join(folder, 'none'))).rejects.toMatchObject({
    reason: 'NoConfig',
    message: expect.stringContaining('this pod has no service account'),
  });
});

it('is in namespace default where the account does not say it', async () => {
  rmSync(join(folder, 'namespace'));
  expect((await inCluster(env, folder))?.namespace).toBe('default');
});
