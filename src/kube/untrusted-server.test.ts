// An API server that stands in for the one that is meant.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { issueAuthority, issueServing } from '../pki/issue.ts';
import { connect } from './connect.ts';

const asked: (string | undefined)[] = [];
let server: Server;
let folder: string;
let own: string;
let other: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-untrusted-'));
  const authority = await issueAuthority('own', Date.now());
  own = authority.certificate;
  other = (await issueAuthority('other', Date.now())).certificate;
  const { certificate, key } = await issueServing(authority, ['localhost'], Date.now());
  server = createServer({ cert: certificate, key }, (request, response) => {
    asked.push(request.headers.authorization);
    response.setHeader('content-type', 'application/json').end('{"gitVersion":"v1.30.0","major":"1","minor":"30"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** What comes of a request with a token. */
async function ask(host: string, cluster: object): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(folder, 'config');
  const config = {
    'current-context': 'k',
    clusters: [{ name: 'c', cluster: { server: `https://${host}:${port}`, ...cluster } }],
    users: [{ name: 'u', user: { token: 'planted-token' } }],
    contexts: [{ name: 'k', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  asked.length = 0;
  const client = await connect({ kubeconfig, timeoutMs: 5_000 });
  try {
    await client.version();
    return 'answered';
  } catch (error) {
    return (error as Error).message;
  } finally {
    client.close();
  }
}

it('is asked when its authority is that of the kubeconfig', async () => {
  expect(await ask('localhost', { 'certificate-authority-data': base64(own) })).toBe('answered');
  expect(asked).toEqual(['Bearer planted-token']);
});

it.each<[string, string, () => object, string]>([
  ['no authority is named, and that of the system does not know it', 'localhost', () => ({}), 'no certificate authority that is trusted'],
  ['another authority', 'localhost', () => ({ 'certificate-authority-data': base64(other) }), 'no certificate authority that is trusted'],
  ['another name', '127.0.0.1', () => ({ 'certificate-authority-data': base64(own) }), 'its certificate is for other names'],
])('is told nothing: %s', async (_, host, cluster, problem) => {
  const said = await ask(host, cluster());
  expect(said).toContain(problem);
  expect(said).not.toContain('planted-token');
  expect(asked).toEqual([]);
});
