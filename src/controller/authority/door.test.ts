// Who comes in at the door of the control plane, by certificate: each time anew.
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRequest, requestedKey } from '../../pki/certificate-request.ts';
import { issueAuthority, issueServing, issueWorkload } from '../../pki/issue.ts';
import type { KeyPair } from '../../pki/pem.ts';
import { Door } from './door.ts';

const spiffeId = 'spiffe://cluster.local/ns/shop/sa/cart';

let authority: KeyPair;
let other: KeyPair;
let serving: KeyPair;
let door: Door;
let port: number;
const taken: TLSSocket[] = [];
const refused: string[] = [];

async function workload(of: KeyPair, lifetimeMs = 3_600_000, now = Date.now()): Promise<KeyPair> {
  const { request, key } = await makeRequest(spiffeId);
  return { certificate: await issueWorkload(of, await requestedKey(request), spiffeId, lifetimeMs, now), key };
}

/** What was said before, such as a session to go on with, has arrived when the greeting has. */
function greet(socket: TLSSocket): void {
  taken.push(socket);
  socket.on('error', () => {}).write('hello');
}

beforeAll(async () => {
  const now = Date.now();
  [authority, other] = await Promise.all([issueAuthority('root', now), issueAuthority('other', now)]);
  serving = await issueServing(authority, ['control-plane.test'], now);
  door = new Door(
    { taken: greet, refused: (_, problem) => void refused.push(problem) },
    { certificate: serving.certificate, key: serving.key, roots: authority.certificate },
  );
  port = await door.listen(0, '127.0.0.1');
});

afterAll(() => {
  for (const socket of taken) socket.destroy();
  door.close();
});

interface Came {
  isTaken: boolean;
  isResumed: boolean;
  sessions: Buffer[];
}

/** Comes, and waits until it is greeted or sent away. */
async function come(options: ConnectionOptions): Promise<Came> {
  const before = taken.length;
  const sessions: Buffer[] = [];
  const socket = connect({ port, host: '127.0.0.1', ca: authority.certificate, servername: 'control-plane.test', ALPNProtocols: ['h2'], ...options });
  socket.on('session', (session: Buffer) => sessions.push(session)).on('error', () => {});
  let isResumed = false;
  socket.once('secureConnect', () => {
    isResumed = socket.isSessionReused();
  });
  const isGreeted = await new Promise<boolean>((resolve) => {
    socket.once('data', () => resolve(true)).once('close', () => resolve(false));
  });
  socket.destroy();
  return { isTaken: isGreeted && taken.length > before, isResumed, sessions };
}

const shown = ({ certificate, key }: KeyPair): ConnectionOptions => ({ cert: certificate, key });

describe('at the door of the control plane', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('no session goes on, so that nobody outlives certificate or roots: %s', async (version) => {
    const options = { ...shown(await workload(authority)), minVersion: version, maxVersion: version };
    const first = await come(options);
    expect(first.isTaken).toBe(true);
    for (const session of first.sessions) expect(await come({ ...options, session })).toMatchObject({ isResumed: false });
    door.setCertificates({ certificate: serving.certificate, key: serving.key, roots: other.certificate });
    try {
      for (const session of [undefined, ...first.sessions]) {
        expect(await come({ ...options, ...(session ? { session } : {}) })).toMatchObject({ isTaken: false, isResumed: false });
      }
    } finally {
      door.setCertificates({ certificate: serving.certificate, key: serving.key, roots: authority.certificate });
    }
    expect(refused.at(-1)).toContain('not of this mesh');
  });

  it.each<[string, () => Promise<ConnectionOptions>]>([
    ['a certificate of another authority', async () => shown(await workload(other))],
    ['one that has expired', async () => shown(await workload(authority, 1000, Date.now() - 60_000))],
    ['one that is not valid yet', async () => shown(await workload(authority, 3_600_000, Date.now() + 7_200_000))],
    ['one that is for servers only', async () => shown(await issueServing(authority, ['cart'], Date.now()))],
  ])('who shows %s is not let in', async (_, options) => {
    expect(await come(await options())).toMatchObject({ isTaken: false });
    expect(refused.at(-1)).toContain('not of this mesh');
  });

  it.each(['TLSv1', 'TLSv1.1'] as const)('nobody comes in with %s', async (version) => {
    expect(await come({ minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' })).toMatchObject({ isTaken: false });
  });
});
