// Tokens at a running gateway: routes by claims, keys of servers that come and go.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { issueAuthority, issueServing } from '../../src/pki/issue.ts';
import { askWith, edge, Issuer, published, signed } from '../jwt/edge.ts';
import { keys } from '../jwt/keys.ts';
import { issuer as issuerName } from '../jwt/token.ts';
import { closeAll, freePorts, until } from './support.ts';
import { Folder, WeftProcess } from './weft-process.ts';

afterEach(closeAll);

const { rsa, otherRsa } = keys;
const noPorts = ['--admin-port', '0', '--stats-port', '0', '--agent-port', '0', '--health-port', '0'];

async function gateway(folder: Folder, port: number, ...args: string[]): Promise<WeftProcess> {
  const run = new WeftProcess('proxy', 'run', '-f', folder.path, '--gateway', 'edge/gw', ...noPorts, ...args);
  await run.says(/ serving /);
  await until(async () => (await askWith(port, undefined).catch(() => '')) === 'nobody', 'an answer');
  return run;
}

const failed = 'Jwks remote fetch is failed';

test('MAT-R22, SEC-R42: a route is chosen again, by the claims of the token', async () => {
  const [port = 0] = await freePorts(1);
  const folder = new Folder({ 'edge.yaml': edge(port, issuerName, `jwks: '${published([rsa, 'a'])}'`) });
  await gateway(folder, port);
  expect(await askWith(port, signed(rsa, 'a'))).toBe('user');
  expect(await askWith(port, signed(rsa, 'a', { role: 'admin' }))).toBe('admin');
  expect(await askWith(port, signed(rsa, 'a', { role: ['staff', 'admin'] }))).toBe('admin');
  expect(await askWith(port, signed(otherRsa, 'a', { role: 'admin' }))).toBe('Jwt verification fails');
  expect(await askWith(port, undefined)).toBe('nobody');
});

test('JWT-R10: keys come late, in two threads; new manifests keep them; keys that are gone stay in use', async () => {
  const [port = 0, issuerPort = 0] = await freePorts(2);
  const issuer = new Issuer(issuerPort);
  const manifests = edge(port, issuerName, `jwksUri: '${issuer.address}/keys'`);
  const folder = new Folder({ 'edge.yaml': manifests });
  const run = await gateway(folder, port, '--concurrency', '2', '--watch');
  const token = signed(rsa, 'a');
  expect(await askWith(port, token)).toBe(failed);
  await run.says(/no keys for tokens: http:\/\/127\.0\.0\.1:\d+\/keys cannot be asked: connect ECONNREFUSED/);
  issuer.answers = { '/keys': published([rsa, 'a']) };
  await issuer.start();
  const all = async (): Promise<string[]> => [...new Set(await Promise.all(Array.from({ length: 20 }, () => askWith(port, token))))];
  await until(async () => (await all()).join() === 'user', 'keys in all threads', 60_000);
  const asked = issuer.asked.length;
  issuer.stop();
  folder.write('edge.yaml', manifests.replace('string: user', 'string: customer'));
  await run.says(/new manifests are in force/);
  await until(async () => (await all()).join() === 'customer', 'the new manifests');
  expect(issuer.asked).toHaveLength(asked);
  // Neither log nor error has the token.
  expect(run.stderr + run.stdout).not.toContain(token.slice(-20));
});

test('discovery over https, with an authority of its own', async () => {
  const [port = 0, issuerPort = 0] = await freePorts(2);
  const root = await issueAuthority('issuers', Date.now());
  const { certificate, key } = await issueServing(root, ['localhost'], Date.now());
  const issuer = new Issuer(issuerPort, { cert: certificate, key });
  issuer.answers = {
    '/.well-known/openid-configuration': JSON.stringify({ jwks_uri: `${issuer.address}/keys` }),
    '/keys': published([rsa, 'a']),
  };
  await issuer.start();
  const folder = new Folder({ 'edge.yaml': edge(port, issuer.address) });
  const ca = join(folder.path, '../ca.pem');
  writeFileSync(ca, root.certificate);
  const run = await gateway(folder, port, '--jwks-ca', ca);
  const token = signed(rsa, 'a', { iss: issuer.address });
  expect(await askWith(port, token)).toBe('user');
  expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  run.signal('SIGTERM');
  await run.exited;
  const distrusting = await gateway(folder, port);
  expect(await askWith(port, token)).toBe(failed);
  await distrusting.says(/no keys for tokens: https:\/\/localhost:\d+\/\.well-known\/openid-configuration cannot be asked: unable to verify/);
});

test.each([
  ['a file that is not there', undefined, /^Error: --jwks-ca: .*ca\.pem cannot be read: ENOENT/],
  ['a file without a certificate', 'x', /^Error: --jwks-ca: .*ca\.pem has no certificate\n/],
  ['a broken certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', /^Error: --jwks-ca: certificate 1 of .*ca\.pem cannot be read\n/],
])('--jwks-ca: %s', async (_, text, message) => {
  const folder = new Folder({ 'edge.yaml': edge(8080, issuerName) });
  const ca = join(folder.path, '../ca.pem');
  if (text !== undefined) writeFileSync(ca, text);
  for (const command of [
    ['proxy', 'run', '-f', folder.path, '--gateway', 'edge/gw'],
    ['xds', 'serve', '-f', folder.path],
  ]) {
    const run = new WeftProcess(command[0] as string, ...command.slice(1), '--jwks-ca', ca);
    expect(await run.exited).toBe(1);
    expect(run.stderr).toMatch(message);
  }
});
