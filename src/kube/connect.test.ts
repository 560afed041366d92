import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type ConnectOptions, connect } from './connect.ts';
import { KubeError } from './error.ts';
import { type FakeApi, fakeApi, json } from './testing.ts';

let folder: string;
let api: FakeApi;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-kubeconfig-'));
  vi.stubEnv('HOME', folder);
  vi.stubEnv('KUBECONFIG', undefined);
  vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined);
  api = await fakeApi((_, response) => json(response, 200, {}));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  await api.close();
});

function write(name: string, user: unknown, cluster: Record<string, unknown> = {}): string {
  const file = join(folder, name);
  const config = {
    'current-context': name,
    clusters: [{ name: 'c', cluster: { server: `${api.server}/`, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name, context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** Headers of a request by that kubeconfig. */
async function headersOf(options: ConnectOptions): Promise<Record<string, unknown>> {
  const client = await connect(options);
  await client.version();
  client.close();
  return api.asked.at(-1)?.headers ?? {};
}

it.each([
  ['a token', { token: 'abc\n' }, 'Bearer abc'],
  ['a token file beside the kubeconfig', { tokenFile: 'token' }, 'Bearer from-file'],
  ['a token file goes before a token', { tokenFile: 'token', token: 'abc' }, 'Bearer from-file'],
  ['a password', { username: 'me', password: 'p:w' }, `Basic ${Buffer.from('me:p:w').toString('base64')}`],
  ['nothing', {}, undefined],
  ['no user at all', null, undefined],
])('sends %s', async (_, user, expected) => {
  writeFileSync(join(folder, 'token'), 'from-file\n');
  expect((await headersOf({ kubeconfig: write('k', user) })).authorization).toBe(expected);
});

it('an OpenID Connect token that is valid is sent', async () => {
  const token = `${Buffer.from('{}').toString('base64url')}.${Buffer.from('{"exp":32503680000}').toString('base64url')}.sig`;
  const user = { 'auth-provider': { name: 'oidc', config: { 'id-token': token, 'client-id': 'x', 'idp-issuer-url': 'https://idp.test' } } };
  expect((await headersOf({ kubeconfig: write('k', user) })).authorization).toBe(`Bearer ${token}`);
});

it('an OpenID Connect token that has expired and cannot be renewed is told', async () => {
  const token = `${Buffer.from('{}').toString('base64url')}.${Buffer.from('{"exp":1}').toString('base64url')}.sig`;
  const file = write('k', { 'auth-provider': { name: 'oidc', config: { 'id-token': token } } });
  await expect(headersOf({ kubeconfig: file })).rejects.toMatchObject({
    reason: 'BadCredentials',
    message: `the auth provider oidc of user u (${file}) gives no token`,
  });
});

it('acts as somebody else, by flags before the kubeconfig', async () => {
  const kubeconfig = write('k', { token: 'abc', as: 'löwe', 'as-groups': ['a', 'b'], 'as-user-extra': { 'x.test/Scope': ['1'] } });
  expect(await headersOf({ kubeconfig })).toMatchObject({
    'impersonate-user': Buffer.from('löwe').toString('latin1'),
    'impersonate-group': 'a, b',
    'impersonate-extra-x.test%2fscope': '1',
  });
  const other = await headersOf({ kubeconfig, as: 'me', asUid: '7' });
  expect(other).toMatchObject({ 'impersonate-user': 'me', 'impersonate-uid': '7', authorization: 'Bearer abc' });
  expect(other['impersonate-group']).toBeUndefined();
});

it('reads the files of KUBECONFIG that are there, then the usual one', async () => {
  const second = write('second', {});
  vi.stubEnv('KUBECONFIG', ['/not/there', second].join(':'));
  expect((await connect()).context).toBe('second');
  vi.stubEnv('KUBECONFIG', '');
  const { mkdirSync, renameSync } = await import('node:fs');
  mkdirSync(join(folder, '.kube'));
  renameSync(second, join(folder, '.kube/config'));
  const client = await connect();
  expect([client.context, client.namespace, client.server]).toEqual(['second', 'shop', api.server]);
});

async function failureOf(options: ConnectOptions): Promise<KubeError> {
  const error = await headersOf(options).then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(KubeError);
  return error as KubeError;
}

const broken = Buffer.from('-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n').toString('base64');

it.each<[string, () => ConnectOptions, Partial<KubeError>]>([
  ['no kubeconfig', () => ({}), { reason: 'NoConfig', message: 'there is no kubeconfig, and this is no pod of a cluster' }],
  ['a file that is not there', () => ({ kubeconfig: '/not/there' }), { reason: 'NoConfig', message: 'the kubeconfig /not/there does not exist' }],
  ['a folder', () => ({ kubeconfig: '/tmp' }), { reason: 'NoConfig', message: 'the kubeconfig /tmp is a folder' }],
  [
    'KUBECONFIG without a file',
    () => {
      vi.stubEnv('KUBECONFIG', '/not/there');
      return {};
    },
    { reason: 'NoConfig', message: 'there is no kubeconfig: $KUBECONFIG names /not/there, which is not there' },
  ],
  [
    'a certificate authority that is not there',
    () => ({ kubeconfig: write('k', {}, { 'certificate-authority': 'ca.crt' }) }),
    { reason: 'BadConfig', message: expect.stringMatching(/^certificate-authority of c \(.*k\) cannot be read: ENOENT/) },
  ],
  [
    'a certificate that is none',
    () => ({ kubeconfig: write('k', {}, { server: 'https://127.0.0.1:1', 'certificate-authority-data': 'bm8=' }) }),
    {
      reason: 'BadConfig',
      message: expect.stringMatching(/^certificate-authority-data of c \(.*k\) is not PEM in base64$/),
    },
  ],
  [
    'a client certificate that is none',
    () => ({ kubeconfig: write('k', { 'client-certificate-data': broken, 'client-key-data': broken }, { server: 'https://127.0.0.1:1' }) }),
    { reason: 'BadConfig', message: expect.stringMatching(/^a certificate or key from .*k cannot be used: /) },
  ],
  [
    'a client certificate without its key',
    () => ({ kubeconfig: write('k', { 'client-certificate-data': broken }) }),
    { reason: 'BadConfig', message: expect.stringMatching(/^user u \(.*\) has a client-certificate and no client-key$/) },
  ],
  [
    'a token file that is not there',
    () => ({ kubeconfig: write('k', { tokenFile: 'token' }) }),
    { reason: 'BadCredentials', message: expect.stringMatching(/^the token file .*token cannot be read: ENOENT/) },
  ],
  ['a token that no header can have', () => ({ kubeconfig: write('k', { token: 'a\nb' }) }), { reason: 'BadConfig' }],
  ['groups without a user', () => ({ kubeconfig: write('k', {}), asGroups: ['a'] }), { reason: 'BadConfig', help: 'Add --as USER.' }],
  [
    'a proxy that is away',
    () => ({ kubeconfig: write('k', {}, { server: 'https://kube.test', 'proxy-url': 'http://me:secret@127.0.0.1:1' }) }),
    {
      reason: 'Unreachable',
      message:
        'cannot ask for the version of the cluster: the API server https://kube.test (context k) cannot be reached through the proxy http://127.0.0.1:1: nothing listens there (connection refused)',
    },
  ],
  ['a proxy that is none', () => ({ kubeconfig: write('k', {}, { 'proxy-url': 'nowhere' }) }), { reason: 'BadConfig' }],
  [
    'a server that is away',
    () => ({ kubeconfig: write('k', {}, { server: 'http://127.0.0.1:1' }) }),
    {
      reason: 'Unreachable',
      message:
        'cannot ask for the version of the cluster: the API server http://127.0.0.1:1 (context k) cannot be reached: nothing listens there (connection refused)',
    },
  ],
])('%s', async (_, options, expected) => {
  expect(await failureOf(options())).toMatchObject(expected);
});

it('goes through the proxy of the environment, except to this machine', async () => {
  vi.stubEnv('HTTP_PROXY', api.server);
  vi.stubEnv('NO_PROXY', 'other.test');
  expect(await headersOf({ kubeconfig: write('k', {}, { server: 'http://kube.test:8001' }) })).toMatchObject({ host: 'kube.test:8001' });
  await expect(headersOf({ kubeconfig: write('k', {}, { server: 'http://other.test:8001' }) })).rejects.toMatchObject({ reason: 'Unreachable' });
  expect(await headersOf({ kubeconfig: write('k', {}) })).toMatchObject({ host: api.server.slice('http://'.length) });
});
