import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { beforeAll, expect, it } from 'vitest';
import { makeRequest, requestedKey } from '../../pki/certificate-request.ts';
import { issueAuthority, issueWorkload } from '../../pki/issue.ts';
import { sentChain } from './sent-chain.ts';

const now = Date.UTC(2030, 0, 1);
const dayMs = 24 * 60 * 60 * 1000;
const id = 'spiffe://cluster.local/ns/shop/sa/cart';
let root = '';
let other = '';
let own = '';
let key = '';

beforeAll(async () => {
  const authority = await issueAuthority('mesh', Date.now());
  const made = await makeRequest(id);
  root = authority.certificate.trim();
  // The same name, and another key.
  other = (await issueAuthority('mesh', now)).certificate.trim();
  own = (await issueWorkload(authority, await requestedKey(made.request), id, dayMs, Date.now())).trim();
  key = made.key;
});

it('the issuer is told by its signature, among others of the same name', () => {
  const expected = `${own}\n${root}\n`;
  expect([sentChain(own, root), sentChain(`${own}\n`, `${other}\n${root}\n`), sentChain(own, `# roots\n${root}\n${other}`)]).toEqual([
    expected,
    expected,
    expected,
  ]);
});

it('what has a chain, needs none, or cannot be read stays as it is', () => {
  for (const [chain, roots] of [
    [`${own}\n${other}`, root],
    [own, other],
    [own, ''],
    [root, root],
    ['nothing', root],
    [own, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
  ] as const)
    expect(sentChain(chain, roots)).toBe(chain);
});

it('OpenSSL sends the same by itself', async () => {
  const sent = async (cert: string): Promise<string[]> => {
    const server = createServer({ cert, key, ca: root, requestCert: true, rejectUnauthorized: false, allowPartialTrustChain: true });
    server.on('secureConnection', (socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const found: string[] = [];
    for (let at = socket.getPeerX509Certificate(); at; at = at.issuerCertificate) found.push(at.fingerprint256);
    socket.destroy();
    server.close();
    return found;
  };
  const plain = await sent(own);
  expect(plain).toEqual([new X509Certificate(own).fingerprint256, new X509Certificate(root).fingerprint256]);
  expect(await sent(sentChain(own, root))).toEqual(plain);
});
