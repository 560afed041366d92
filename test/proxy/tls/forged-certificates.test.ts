// Certificates that look right in some respect: nobody is let in with one of them, and nobody is taken for a service.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { createServer } from 'node:tls';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Cluster } from '../../../src/ir/cluster.ts';
import { issueAuthority } from '../../../src/pki/issue.ts';
import { exportKey, importKey, newKeys, ownAlgorithm } from '../../../src/pki/keys.ts';
import type { KeyPair } from '../../../src/pki/pem.ts';
import type { Host } from '../../../src/proxy/core/balance/host.ts';
import { realClock } from '../../../src/proxy/real-clock.ts';
import { TlsCounters } from '../../../src/proxy/tls/counters.ts';
import { HeldCredentials } from '../../../src/proxy/tls/held-credentials.ts';
import { TlsOrigination } from '../../../src/proxy/tls/origination.ts';
import { closeAll, toClose, until } from '../support.ts';
import { type Pair, snapshotOf, workloadOf } from './identities.ts';
import { inbound, secureClient } from './inbound.ts';

afterEach(closeAll);

const dayMs = 24 * 3_600_000;
const client = 'spiffe://cluster.local/ns/shop/sa/client';
const app = 'spiffe://cluster.local/ns/shop/sa/app';

interface Wanted {
  names?: JsonGeneralName[];
  usages?: ExtendedKeyUsage[];
  ca?: boolean;
  from?: number;
  to?: number;
  more?: Extension[];
  /** Of a signature that nobody takes any more. */
  hash?: string;
}

let mesh: KeyPair;
let other: KeyPair;

const uri = (value: string): JsonGeneralName => ({ type: 'url', value });

/** Whatever is asked for, signed by whoever has a key; `by` undefined: by itself. */
async function issued(
  by: KeyPair | undefined,
  { names = [uri(client)], usages, ca = false, from = -60_000, to = dayMs, more = [], hash }: Wanted,
): Promise<Pair> {
  const keys = await newKeys();
  const signer = by && (await importKey(by.key));
  const now = Date.now();
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: '4711',
      subject: '',
      issuer: by ? new X509Certificate(by.certificate).subjectName : '',
      notBefore: new Date(now + from),
      notAfter: new Date(now + to),
      publicKey: keys.publicKey,
      signingKey: signer?.key ?? keys.privateKey,
      signingAlgorithm: hash ? { ...ownAlgorithm, hash } : (signer?.algorithm ?? ownAlgorithm),
      extensions: [
        new BasicConstraintsExtension(ca, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature | (ca ? KeyUsageFlags.keyCertSign : 0), true),
        new ExtendedKeyUsageExtension(usages ?? [ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(names, true),
        ...more,
      ],
    },
    webcrypto,
  );
  return { cert: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) };
}

/** With those that lead to it. */
const behind = (pair: Pair, ...chain: string[]): Pair => ({ cert: pair.cert + chain.join(''), key: pair.key });
const asPair = ({ cert, key }: Pair): KeyPair => ({ certificate: cert, key });

beforeAll(async () => {
  [mesh, other] = await Promise.all([issueAuthority('mesh', Date.now()), issueAuthority('mesh', Date.now())]);
});

type Forged = [name: string, make: (name: string) => Promise<Pair>];

/** For whom a certificate would be. */
const forged: Forged[] = [
  ['that signs itself', (id) => issued(undefined, { names: [uri(id)] })],
  ['of another authority with the same name', (id) => issued(other, { names: [uri(id)] })],
  ['of another authority, which comes along', async (id) => behind(await issued(other, { names: [uri(id)] }), other.certificate)],
  [
    'that a workload has signed',
    async (id) => {
      const mallory = await issued(mesh, { names: [uri('spiffe://cluster.local/ns/evil/sa/mallory')] });
      return behind(await issued(asPair(mallory), { names: [uri(id)] }), mallory.cert);
    },
  ],
  [
    'of an authority below one that must not have any',
    async (id) => {
      const between = await issued(mesh, { ca: true });
      return behind(await issued(asPair(between), { names: [uri(id)] }), between.cert);
    },
  ],
  ['that is not valid yet', (id) => issued(mesh, { names: [uri(id)], from: dayMs / 2 })],
  ['that was valid', (id) => issued(mesh, { names: [uri(id)], from: -dayMs, to: -1000 })],
  ['that is for something else', (id) => issued(mesh, { names: [uri(id)], usages: [ExtendedKeyUsage.codeSigning] })],
  ['with something critical that nobody knows', (id) => issued(mesh, { names: [uri(id)], more: [new Extension('2.25.99', true, Buffer.from([5, 0]))] })],
  ['with the name as that of a host', (id) => issued(mesh, { names: [{ type: 'dns', value: id.replace('spiffe://', '') }] })],
  ['with the name as an address of mail', (id) => issued(mesh, { names: [{ type: 'email', value: `x@${id.replace('spiffe://', '')}` }] })],
  ['with the name in another case', (id) => issued(mesh, { names: [uri(id.replace('spiffe://cluster', 'SPIFFE://Cluster'))] })],
  ['with a trust domain alone', () => issued(mesh, { names: [uri('spiffe://cluster.local')] })],
  ['with a trust domain that is written otherwise', (id) => issued(mesh, { names: [uri(id.replace('.local', '%2elocal'))] })],
  ['with another scheme', (id) => issued(mesh, { names: [uri(id.replace('spiffe:', 'https:'))] })],
];

describe('a client with a certificate', () => {
  test.each(forged)('%s is not let in', async (_, make) => {
    const made = await inbound({ mode: 'STRICT', kind: 'http' });
    made.sidecar.credentials.set(snapshotOf(workloadOf(await issued(mesh, { names: [uri(app)] }), mesh.certificate, app)));
    const { received } = await secureClient(
      made.port,
      { ...(await make(client)), ALPNProtocols: ['istio-http/1.1'] },
      'GET / HTTP/1.1\r\nhost: app\r\n\r\n',
      50,
    );
    expect(received).toBe('');
    const counters = made.sidecar.metrics?.listener('virtualInbound').tls;
    await until(() => (counters?.fail_verify_error ?? 0) + (counters?.fail_verify_san ?? 0) === 1, `it is counted: ${JSON.stringify(counters)}`);
    expect([counters?.handshake, made.log]).toEqual([0, []]);
  });

  test('that is right is let in', async () => {
    const made = await inbound({ mode: 'STRICT', kind: 'http' });
    made.sidecar.credentials.set(snapshotOf(workloadOf(await issued(mesh, { names: [uri(app)] }), mesh.certificate, app)));
    const { received } = await secureClient(
      made.port,
      { ...(await issued(mesh, {})), ALPNProtocols: ['istio-http/1.1'] },
      'GET / HTTP/1.1\r\nhost: app\r\n\r\n',
      50,
    );
    expect(received).toContain('HTTP/1.1 200');
  });
});

/** Whether a sidecar goes on with a service that shows a certificate. */
async function speaks(pair: Pair): Promise<boolean> {
  const server = createServer({ ...pair }, (socket) => void socket.on('error', () => {}));
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  toClose(server);
  const credentials = new HeldCredentials();
  const origination = new TlsOrigination({ credentials, clock: realClock, meshTls: true });
  credentials.set(snapshotOf(workloadOf(await issued(mesh, {}), mesh.certificate, client)));
  const { port } = server.address() as AddressInfo;
  const cluster = { name: 'app', tls: { mode: 'istio-mutual', sni: 'app', subjectAltNames: [app] } } as unknown as Cluster;
  const host = { key: `127.0.0.1:${port}`, endpoint: {} } as unknown as Host;
  const counters = new TlsCounters();
  const secure = origination.secure({ cluster, host, inside: 'http1', name: '', counters: () => counters });
  const socket = connect(port, '127.0.0.1');
  toClose({ close: () => socket.destroy() });
  await once(socket, 'connect');
  const secured = (secure as NonNullable<typeof secure>)(socket);
  return new Promise((resolve) => {
    secured.once('secureConnect', () => resolve(true)).once('error', () => resolve(false));
  });
}

describe('a service with a certificate', () => {
  test.each(forged)('%s is not spoken to', async (_, make) => {
    expect(await speaks(await make(app))).toBe(false);
  });

  test.each<Forged>([
    ['of another service', () => issued(mesh, { names: [uri('spiffe://cluster.local/ns/shop/sa/other')] })],
    ['whose name begins the same', () => issued(mesh, { names: [uri(`${app}2`)] })],
    ['that is for clients only', (id) => issued(mesh, { names: [uri(id)], usages: [ExtendedKeyUsage.clientAuth] })],
  ])('%s is not spoken to', async (_, make) => {
    expect(await speaks(await make(app))).toBe(false);
  });

  test('that is right is spoken to', async () => {
    expect(await speaks(await issued(mesh, { names: [uri(app)] }))).toBe(true);
  });
});
