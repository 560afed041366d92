// The door of the control plane with what is behind it, over real connections: who gets a certificate, and whose configuration.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { Client, credentials, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlPlane } from '../../agent/control-plane.ts';
import { nodeOf } from '../../envoy/node.ts';
import { typeUrls } from '../../envoy/type-urls.ts';
import { decodeDeltaResponse, encodeDeltaRequest } from '../../envoy/xds/client-messages.ts';
import { XdsServer } from '../../envoy/xds/server.ts';
import { discoveryService, statusService } from '../../envoy/xds/services.ts';
import { resource, SimpleView } from '../../envoy/xds/testing.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { type Authority, pluggedAuthority, rootAuthority } from '../../pki/authority.ts';
import { issueAuthority, issueServing } from '../../pki/issue.ts';
import { requestIdentity, type SignedIdentity } from '../../pki/signing/client.ts';
import { SigningRefusal, signingHandlers, signingMethod, signingService } from '../../pki/signing/service.ts';
import { admission } from './admission.ts';
import { Callers, type ReviewedToken } from './caller.ts';
import { Door } from './door.ts';

const cart: ReviewedToken = { namespace: 'shop', serviceAccount: 'cart', pod: 'cart-1' };
const tokens: Readonly<Record<string, ReviewedToken>> = {
  'cart-token': cart,
  'pay-token': { namespace: 'shop', serviceAccount: 'pay' },
  'gone-token': { namespace: 'shop', serviceAccount: 'cart', pod: 'gone-1' },
  'moved-token': { namespace: 'shop', serviceAccount: 'cart', pod: 'pay-1' },
  'ops-token': { namespace: 'istio-system', serviceAccount: 'ops' },
};

/** Of pods. */
const accounts: Readonly<Record<string, string>> = { 'shop/cart-1': 'cart', 'shop/cart-2': 'cart', 'shop/pay-1': 'pay' };

const folder = mkdtempSync(join(tmpdir(), 'weft-door-'));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

let authority: Authority;
let address: string;
let door: Door;
let server: XdsServer;
const refused: string[] = [];
/** In which the cluster says what it knows of `slow-token`. */
const slowMs = 600;
/** Connections, as the control plane has them. */
const came: TLSSocket[] = [];
const tablePart = 'type.googleapis.com/weft.mesh.v1.TablePart';
const view = new SimpleView({ [typeUrls.secret]: [resource('kubernetes://web', 'PLANTED-KEY')], [tablePart]: [resource('part', '1')] });

beforeAll(async () => {
  const now = Date.now();
  authority = rootAuthority(await issueAuthority('root', now));
  const { certificate, key } = await issueServing(authority.pair, ['control-plane.test'], now);
  const callers = new Callers({
    trustDomain: () => 'cluster.local',
    aliases: () => ['old.example'],
    async review(token) {
      if (token === 'slow-token') await new Promise((resolve) => setTimeout(resolve, slowMs));
      const account = tokens[token];
      if (!account) throw new SigningRefusal(status.UNAUTHENTICATED, 'the token is refused');
      return account;
    },
  });
  const note = (_peer: string, problem: string): void => void refused.push(problem);
  server = new XdsServer(
    { viewOf: () => view },
    {
      debounceMs: 0,
      debounceMaxMs: 0,
      secured: {
        ...admission({ callers, istioNamespace: 'istio-system', accountOf: (namespace, pod) => accounts[`${namespace}/${pod}`], refused: note }),
        services: [
          {
            definition: signingService,
            handlers: signingHandlers({
              callerOf: (call) => callers.withToken(call),
              authority: () => authority,
              roots: () => authority.roots,
              longestMs: 24 * 3_600_000,
              now: Date.now,
              signed: () => {},
              refused: note,
            }),
          },
        ],
      },
    },
  );
  const take = server.taker();
  const taken = (socket: TLSSocket): void => {
    came.push(socket);
    take(socket);
  };
  door = new Door({ taken, refused: note }, { certificate, key, roots: authority.roots });
  address = `127.0.0.1:${await door.listen(0, '127.0.0.1')}`;
});

afterAll(async () => {
  door.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

function controlPlane(token: string, roots = authority.roots): ControlPlane {
  return new ControlPlane({ address, name: 'control-plane.test', tokenFile: file('token', token), rootsFile: file('roots.pem', roots) });
}

async function identityFor(token: string, roots?: string): Promise<SignedIdentity> {
  const way = controlPlane(token, roots);
  const { credentials: channel, options } = await way.safe();
  const settings = {
    address,
    credentials: channel,
    options,
    spiffeId: 'spiffe://cluster.local/ns/kube-system/sa/admin',
    lifetimeSeconds: 3600,
    timeoutMs: 30_000,
  };
  return requestIdentity({ ...settings, token: () => way.token() });
}

describe('a certificate', () => {
  it('is that of the account of the token, whatever is asked for', async () => {
    const { spiffeId, expiresAt, roots } = await identityFor('cart-token');
    expect(spiffeId).toBe('spiffe://cluster.local/ns/shop/sa/cart');
    expect(expiresAt - Date.now()).toBeLessThanOrEqual(3_600_000);
    expect(roots).toBe(authority.roots);
  });

  it.each([
    ['a token that the cluster does not know', 'stolen'],
    ['two tokens in one', 'cart-token, pay-token'],
  ])('is not given for %s', async (_, token) => {
    await expect(identityFor(token)).rejects.toThrow(/refused|bearer/);
  });

  it('is not given for another certificate: who has stolen one has it as long as it is valid', async () => {
    const stolen = await identityFor('cart-token');
    const own = credentials.createSsl(Buffer.from(authority.roots), Buffer.from(stolen.privateKey), Buffer.from(stolen.certificateChain));
    const options = { 'grpc.ssl_target_name_override': 'control-plane.test', 'grpc.use_local_subchannel_pool': 1 };
    const settings = { address, credentials: own, options, spiffeId: stolen.spiffeId, lifetimeSeconds: 3600, timeoutMs: 5_000 };
    await expect(requestIdentity({ ...settings, token: undefined })).rejects.toThrow('for tokens of service accounts only');
    // The token says who it is, whatever certificate there is beside it.
    expect((await requestIdentity({ ...settings, token: async () => 'pay-token' })).spiffeId).toBe('spiffe://cluster.local/ns/shop/sa/pay');
  });

  it('is not asked for where the control plane is not known', async () => {
    const { certificate } = await issueAuthority('another', Date.now());
    await expect(identityFor('cart-token', certificate)).rejects.toThrow(/certificate/);
  });

  it.each([
    ['token', (way: ControlPlane) => way.token(), 'is empty'],
    ['roots', (way: ControlPlane) => way.roots(), 'has no certificate'],
  ])('is not asked for without %s: the file is named', async (_, read, problem) => {
    const way = new ControlPlane({ address, name: undefined, tokenFile: file('none', ''), rootsFile: join(folder, 'none') });
    await expect(read(way)).rejects.toThrow(problem);
    const gone = new ControlPlane({ address, name: undefined, tokenFile: '/nowhere/token', rootsFile: '/nowhere/roots' });
    await expect(read(gone)).rejects.toThrow('there is no such file');
  });
});

type Claimed = Pick<ProxyIdentity, 'namespace' | 'serviceAccount' | 'name'>;

/** A stream for a proxy. */
function openFor(proxy: Claimed, as: { token?: string; identity?: SignedIdentity }, typeUrl: string, names: string[]) {
  const roots = Buffer.from(authority.roots);
  const { identity } = as;
  const channel = identity
    ? credentials.createSsl(roots, Buffer.from(identity.privateKey), Buffer.from(identity.certificateChain))
    : credentials.createSsl(roots);
  const client = new Client(address, channel, { 'grpc.ssl_target_name_override': 'control-plane.test', 'grpc.use_local_subchannel_pool': 1 });
  const metadata = new Metadata();
  if (as.token !== undefined) metadata.set('authorization', `Bearer ${as.token}`);
  const method = discoveryService.DeltaAggregatedResources;
  const stream = client.makeBidiStreamRequest(method.path, encodeDeltaRequest, method.responseDeserialize, metadata);
  stream.on('error', () => {});
  const whole: ProxyIdentity = { role: 'sidecar', labels: {}, locality: { region: '', zone: '', subzone: '' }, addresses: [], ...proxy };
  stream.write({ node: nodeOf({ identity: whole, options: { meshTls: 'none' } }), typeUrl, subscribe: names });
  const close = (): void => {
    stream.cancel();
    client.close();
  };
  return { stream, close };
}

/** How a stream for a proxy ends, or `open` where it is answered. */
async function streamFor(proxy: Claimed, as: { token?: string; identity?: SignedIdentity }): Promise<string> {
  const { stream, close } = openFor(proxy, as, tablePart, ['*']);
  const ended = new Promise<string>((resolve) => {
    stream.on('status', ({ code, details }: StatusObject) => resolve(`${status[code]}: ${details}`));
    stream.once('data', () => resolve('open'));
  });
  const result = await ended;
  close();
  return result;
}

/** What a proxy is told of the Secret that it asks for. */
async function secretFor(proxy: Claimed, as: { token?: string; identity?: SignedIdentity }): Promise<string> {
  const { stream, close } = openFor(proxy, as, typeUrls.secret, ['kubernetes://web']);
  const [message] = (await once(stream, 'data')) as [Buffer];
  close();
  const { resources, removed } = decodeDeltaResponse(message);
  return [...resources.map(({ bytes }) => Buffer.from(bytes ?? []).toString()), ...removed.map((name) => `no ${name}`)].join();
}

describe('the configuration of a proxy', () => {
  const own = { namespace: 'shop', serviceAccount: 'cart', name: 'cart-1' };

  it('is given for a token of its own account', async () => {
    expect(await streamFor(own, { token: 'cart-token' })).toBe('open');
  });

  it('is given for a certificate of its own account', async () => {
    expect(await streamFor(own, { identity: await identityFor('cart-token') })).toBe('open');
  });

  it.each<[string, Partial<typeof own>, string | undefined, string]>([
    ['nobody', {}, undefined, 'UNAUTHENTICATED'],
    ['an unknown token', {}, 'stolen', 'UNAUTHENTICATED'],
    ['a token of another account', {}, 'pay-token', 'PERMISSION_DENIED: spiffe://cluster.local/ns/shop/sa/pay may not have'],
    ['a token of another namespace', {}, 'ops-token', 'PERMISSION_DENIED'],
    ['a token that is bound to another pod', { name: 'cart-2' }, 'cart-token', 'PERMISSION_DENIED: pod shop/cart-1 may not have'],
  ])('is not given to %s', async (_, changed, token, problem) => {
    expect(await streamFor({ ...own, ...changed }, token === undefined ? {} : { token })).toContain(problem);
    expect(refused.length).toBeGreaterThan(0);
  });

  it('is not given for a certificate of another authority', async () => {
    const now = Date.now();
    const other = rootAuthority(await issueAuthority('other', now));
    const mine = await identityFor('cart-token');
    const { requestedKey, makeRequest } = await import('../../pki/certificate-request.ts');
    const { issueWorkload } = await import('../../pki/issue.ts');
    const { request, key } = await makeRequest(mine.spiffeId);
    const forged = await issueWorkload(other.pair, await requestedKey(request), mine.spiffeId, 3_600_000, now);
    const result = await streamFor(own, { identity: { ...mine, certificateChain: forged, privateKey: key } });
    expect(result).toContain('UNAVAILABLE');
    expect(refused.at(-1)).toContain('not of this mesh');
  });
});

describe('a Secret', () => {
  const own = { namespace: 'shop', serviceAccount: 'cart', name: 'cart-1' };

  it('is given to the pod that a token is bound to', async () => {
    expect(await secretFor(own, { token: 'cart-token' })).toBe('PLANTED-KEY');
  });

  it.each<[string, Partial<Claimed>, string]>([
    ['a token that is bound to no pod', { serviceAccount: 'pay', name: 'pay-1' }, 'pay-token'],
    ['a pod that does not say which it is', { name: '' }, 'cart-token'],
    ['a pod that the cluster does not have', { name: 'gone-1' }, 'gone-token'],
    ['a pod of another account', { name: 'pay-1' }, 'moved-token'],
  ])('is not given to %s', async (_, claimed, token) => {
    expect(await secretFor({ ...own, ...claimed }, { token })).toBe('no kubernetes://web');
  });

  it('is given for a certificate that was signed for the pod, and not for one that says nothing of it', async () => {
    expect(await secretFor(own, { identity: await identityFor('cart-token') })).toBe('PLANTED-KEY');
    const pay = { namespace: 'shop', serviceAccount: 'pay', name: 'pay-1' };
    expect(await secretFor(pay, { identity: await identityFor('pay-token') })).toBe('no kubernetes://web');
    expect(await streamFor({ ...own, name: 'cart-2' }, { identity: await identityFor('cart-token') })).toContain('PERMISSION_DENIED');
  });
});

describe('somebody who has proven nothing', () => {
  const mebibyte = 1 << 20;

  it.each([signingMethod, discoveryService.DeltaAggregatedResources.path, statusService.FetchClientStatus.path])(
    'is refused before anything is read of what it sends: %s',
    async (path) => {
      const session = connectHttp2(`https://${address}`, { ca: authority.roots, servername: 'control-plane.test' });
      session.on('error', () => {});
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        authorization: 'Bearer slow-token',
      });
      stream.on('error', () => {});
      const answered = once(stream, 'response') as Promise<[Record<string, string>]>;
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(32 * mebibyte, 1);
      stream.write(prefix);
      for (let i = 0; i < 6; i++) stream.write(Buffer.alloc(mebibyte));
      await new Promise((resolve) => setTimeout(resolve, slowMs / 2));
      // While it is not known who this is.
      expect(came.at(-1)?.bytesRead).toBeLessThan(mebibyte);
      const [response] = await answered;
      expect(Number(response['grpc-status'])).toBe(status.UNAUTHENTICATED);
      session.destroy();
    },
  );
});

describe('what all proxies have', () => {
  const ask = async (token: string): Promise<number> => {
    const client = new Client(address, credentials.createSsl(Buffer.from(authority.roots)), { 'grpc.ssl_target_name_override': 'control-plane.test' });
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    const { path } = statusService.FetchClientStatus;
    const bytes = (message: Buffer): Buffer => message;
    const code = await new Promise<number>((resolve) => {
      client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), metadata, (error) => resolve(error?.code ?? status.OK));
    });
    client.close();
    return code;
  };

  it.each([
    ['is told to those of the control plane', 'ops-token', status.OK],
    ['is not told to others', 'cart-token', status.PERMISSION_DENIED],
  ])('%s', async (_, token, code) => {
    expect(await ask(token)).toBe(code);
  });
});

it('certificates of an intermediate lead to its root', async () => {
  const { execFileSync } = await import('node:child_process');
  const run = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  run(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'root.key',
    '-out',
    'root.crt',
    '-subj',
    '/CN=root',
    '-days',
    '10',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
  );
  run('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.csr', '-subj', '/CN=between');
  writeFileSync(join(folder, 'ext'), 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n');
  run('x509', '-req', '-in', 'ca.csr', '-CA', 'root.crt', '-CAkey', 'root.key', '-CAcreateserial', '-out', 'ca.crt', '-days', '5', '-extfile', 'ext');
  const { readFileSync } = await import('node:fs');
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const before = authority;
  authority = pluggedAuthority({ certificate: text('ca.crt'), key: text('ca.key'), chain: text('ca.crt'), roots: text('root.crt') }, Date.now());
  try {
    const { certificateChain } = await identityFor('cart-token', before.roots);
    const [leaf = '', between = ''] = certificateChain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
    writeFileSync(join(folder, 'leaf.crt'), leaf);
    writeFileSync(join(folder, 'between.crt'), between);
    run('verify', '-CAfile', 'root.crt', '-untrusted', 'between.crt', '-purpose', 'sslclient', 'leaf.crt');
  } finally {
    authority = before;
  }
});
