import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { ExecCredentials, type ExecPluginOptions } from './exec-plugin.ts';
import type { ExecEntry } from './kubeconfig.ts';

const folder = mkdtempSync(join(tmpdir(), 'weft-exec-'));
const log = join(folder, 'log');
beforeEach(() => writeFileSync(log, ''));
afterAll(() => rmSync(folder, { recursive: true }));

const apiVersion = 'client.authentication.k8s.io/v1';
const runs = (): number => readFileSync(log, 'utf8').length;

/** A plug-in: a shell script beside the kubeconfig, which logs that it ran. */
function plugin(script: string, entry: Partial<ExecEntry> = {}, options: ExecPluginOptions = {}): ExecCredentials {
  writeFileSync(join(folder, 'login'), `#!/bin/sh\nprintf x >> '${log}'\n${script}\n`, { mode: 0o755 });
  const exec = { apiVersion, command: './login', ...entry };
  return new ExecCredentials({ name: 'me', file: join(folder, 'config'), value: {} }, exec, { server: 'https://near' }, options);
}

const credential = (status: unknown, version = apiVersion): string => `echo '${JSON.stringify({ apiVersion: version, kind: 'ExecCredential', status })}'`;

it('is asked once as long as its token is valid', async () => {
  const credentials = plugin(credential({ token: 'abc', expirationTimestamp: '2999-01-01T00:00:00Z' }));
  const all = await Promise.all([credentials.current(), credentials.current()]);
  expect([...all, await credentials.current()].map(({ headers }) => headers.authorization)).toEqual(['Bearer abc', 'Bearer abc', 'Bearer abc']);
  expect(runs()).toBe(1);
});

it('is asked again when its token is about to expire', async () => {
  const credentials = plugin(credential({ token: 'abc', expirationTimestamp: new Date(Date.now() + 5_000).toISOString() }));
  await credentials.current();
  await credentials.current();
  expect(runs()).toBe(2);
});

it('is asked again when the server does not take what it gave, once for requests of the same moment', async () => {
  const credentials = plugin(credential({ token: 'abc' }));
  await credentials.current();
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  expect(await Promise.all([credentials.renew(), credentials.renew()])).toEqual([true, true]);
  await credentials.current();
  expect(runs()).toBe(2);
});

it('is not asked twice at a time, however long it takes', async () => {
  const mayAnswer = join(folder, 'answer');
  writeFileSync(mayAnswer, '');
  const credentials = plugin(`while [ ! -e '${mayAnswer}' ]; do sleep 0.05; done; ${credential({ token: 'abc' })}`);
  await credentials.current();
  rmSync(mayAnswer);
  for (let refused = 0; refused < 2; refused++) {
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    expect(await credentials.renew()).toBe(true);
  }
  writeFileSync(mayAnswer, '');
  await credentials.current();
  expect(runs()).toBe(2);
});

it('gives a certificate, too', async () => {
  const { headers, certificate } = await plugin(credential({ clientCertificateData: 'CERT', clientKeyData: 'KEY' })).current();
  expect([headers, certificate]).toEqual([{}, { cert: 'CERT', key: 'KEY' }]);
});

it('is told what it may know, by its environment', async () => {
  const credentials = plugin(
    `printf '{"kind":"ExecCredential","apiVersion":"${apiVersion}","status":{"token":"%s"}}' "$(printf '%s %s' "$KUBERNETES_EXEC_INFO" "$MINE $1" | od -An -v -tx1 | tr -d ' \\n')"`,
    {
      provideClusterInfo: true,
      env: [{ name: 'MINE', value: 'yes' }],
      args: ['first'],
    },
  );
  const { authorization } = (await credentials.current()).headers;
  const told = Buffer.from(String(authorization).slice('Bearer '.length), 'hex').toString();
  expect(told).toBe(`{"apiVersion":"${apiVersion}","kind":"ExecCredential","spec":{"interactive":false,"cluster":{"server":"https://near"}}} yes first`);
});

it('what it says for people is passed on as it comes', async () => {
  let said = '';
  await plugin(`echo 'open https://idp.test' >&2; ${credential({ token: 'a' })}`, {}, { onOutput: (text) => (said += text) }).current();
  expect(said).toBe('open https://idp.test\n');
});

it.each<[string, string, Partial<ExecEntry>, string]>([
  ['fails', 'echo "first" >&2; echo "no session: log in" >&2; exit 3', {}, './login of user me (KUBE) fails with status 3: no session: log in'],
  ['fails without a word', 'exit 3', {}, './login of user me (KUBE) fails with status 3'],
  ['is killed', 'kill -9 $$', {}, './login of user me (KUBE) was ended by SIGKILL'],
  ['is not there', '', { command: 'weft-no-such-plugin' }, 'weft-no-such-plugin of user me (KUBE) is not there'],
  ['prints no JSON', 'echo hello', {}, './login of user me (KUBE) prints no JSON'],
  ['prints something else', 'echo "{}"', {}, './login of user me (KUBE) prints no ExecCredential'],
  ['gives nothing', credential({}), {}, './login of user me (KUBE) gives neither a token nor a certificate with its key'],
  [
    'answers in another version',
    credential({ token: 'a' }, 'client.authentication.k8s.io/v1beta1'),
    {},
    './login of user me (KUBE) answers with client.authentication.k8s.io/v1beta1, and the kubeconfig has client.authentication.k8s.io/v1',
  ],
  ['prints without end', 'yes', {}, './login of user me (KUBE) prints more than 1 MB'],
])('%s', async (_, script, entry, expected) => {
  await expect(plugin(script, entry).current()).rejects.toMatchObject({
    reason: 'BadCredentials',
    message: `the credential plug-in ${expected.replace('KUBE', join(folder, 'config'))}`,
  });
});

it('one that is not there is told with the hint of the kubeconfig', async () => {
  const installHint = 'Get it from https://tool.test.\n';
  await expect(plugin('', { command: 'weft-no-such-plugin', installHint }).current()).rejects.toMatchObject({ help: 'Get it from https://tool.test.' });
});

it('is asked again after it failed', async () => {
  const credentials = plugin(`[ $(wc -c < '${log}') -gt 1 ] || exit 1\n${credential({ token: 'abc' })}`);
  await expect(credentials.current()).rejects.toThrow('fails with status 1');
  expect((await credentials.current()).headers.authorization).toBe('Bearer abc');
});

it.each<[string, Partial<ExecEntry>, string]>([
  ['no command', { command: '' }, 'exec of user me (KUBE) has no command'],
  [
    'a version that is not known',
    { apiVersion: 'client.authentication.k8s.io/v1alpha1' },
    'exec of user me (KUBE) has apiVersion client.authentication.k8s.io/v1alpha1',
  ],
  ['a terminal that is not there', { interactiveMode: 'Always' }, 'exec of user me (KUBE) needs a terminal, and there is none'],
])('%s', (_, entry, expected) => {
  expect(() => plugin('', entry)).toThrow(expected.replace('KUBE', join(folder, 'config')));
});
