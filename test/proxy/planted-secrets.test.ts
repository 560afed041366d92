// Secrets that a running proxy has, and those that come in requests: nobody finds them in what it tells of itself.
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { leaksIn, privateKeyPem } from '../../src/redact/testing.ts';
import { partsOf } from '../planted-secrets.ts';
import { backend, closeAll, freePorts, page as pageOf, until } from './support.ts';
import { TestAuthority } from './tls/identities.ts';
import { Folder, WeftProcess } from './weft-process.ts';

afterEach(closeAll);

const issuer = 'https://issuer.example.com';
const symmetric = 'planted+Symmetric/Key-0123456789-abcdef';
const jwks = (key: string): string => JSON.stringify({ keys: [{ kty: 'oct', kid: 'a', alg: 'HS256', k: Buffer.from(key).toString('base64url') }] });

function signed(claims: object, key = symmetric): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', kid: 'a' })}.${part({ iss: issuer, exp: 4_102_444_800, ...claims })}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

const indented = (text: string): string => text.trim().replaceAll(/^/gm, '    ');

interface Ports {
  plain: number;
  tls: number;
  service: number;
}

const manifests = ({ plain, tls, service }: Ports, pair: { cert: string; key: string }): string => `
apiVersion: v1
kind: Secret
metadata: { name: edge-cert, namespace: edge }
type: kubernetes.io/tls
stringData:
  tls.crt: |
${indented(pair.cert)}
  tls.key: |
${indented(pair.key)}
---
apiVersion: v1
kind: Secret
metadata: { name: other, namespace: edge }
stringData: { password: ${planted.password}, token: ${planted.token} }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: edge }
spec:
  selector: { app: gw }
  servers:
    - { port: { number: ${plain}, name: http, protocol: HTTP }, hosts: ['*'] }
    - { port: { number: ${tls}, name: https, protocol: HTTPS }, hosts: ['*'], tls: { mode: SIMPLE, credentialName: edge-cert } }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: web, namespace: edge }
spec:
  hosts: [web.example]
  resolution: STATIC
  ports: [{ number: 80, name: http, protocol: HTTP }]
  endpoints: [{ address: 127.0.0.1, ports: { http: ${service} } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: all, namespace: edge }
spec: { hosts: ['*'], gateways: [gw], http: [{ route: [{ destination: { host: web.example } }] }] }
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: edge }
spec:
  selector: { matchLabels: { app: gw } }
  jwtRules: [{ issuer: '${issuer}', jwks: '${jwks(symmetric)}', outputPayloadToHeader: x-payload }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: staff, namespace: edge }
spec:
  selector: { matchLabels: { app: gw } }
  action: DENY
  rules: [{ from: [{ source: { requestPrincipals: ['${issuer}/eve'] } }] }]
`;

const planted = {
  password: 'plantedPassword0815XYZ',
  token: 'plantedOpaqueToken4711ABC',
  basic: 'plantedBasic5511DEF',
  cookie: 'plantedCookie6622GHI',
  symmetric,
};

let pair: { cert: string; key: string };
beforeAll(async () => {
  pair = await (await TestAuthority.create('edge')).server('shop.example.com');
});

function ask(port: number, path: string, headers: Record<string, string> = {}, secure = false): Promise<number> {
  const options = { host: '127.0.0.1', port, path, headers: { host: 'shop.example.com', ...headers }, agent: false };
  return new Promise((resolve, reject) => {
    const sent = secure ? requestTls({ ...options, rejectUnauthorized: false, servername: 'shop.example.com' }) : request(options);
    sent
      .on('response', (response) => response.on('end', () => resolve(response.statusCode ?? 0)).resume())
      .on('error', reject)
      .end();
  });
}

/** Every line of a key, each part of a token that is no header, and the rest as it is. */
function valuesOf(secrets: readonly string[]): string[] {
  return secrets.flatMap((secret) => {
    if (secret.includes('PRIVATE KEY')) {
      const lines = secret.split('\n').filter((line) => line.length >= 24 && !line.startsWith('-'));
      return lines.length > 0 ? lines : partsOf(secret);
    }
    return secret.split('.').length === 3 ? secret.split('.').slice(1) : [secret];
  });
}

function expectNone(told: ReadonlyMap<string, string>, secrets: readonly string[]): void {
  const values = valuesOf(secrets);
  expect(values.length).toBeGreaterThanOrEqual(secrets.length);
  for (const [where, text] of told) for (const value of values) expect([where, leaksIn(text, value)]).toEqual([where, []]);
}

test.each(['debug', 'trace'])('nothing that a proxy tells has them: at level %s', async (level) => {
  const seen: string[] = [];
  const service = await backend((request, response) => {
    seen.push(JSON.stringify(request.headers));
    response.setHeader('set-cookie', `session=${planted.cookie}`).end('ok');
  });
  const [plain = 0, tls = 0, admin = 0, stats = 0] = await freePorts(4);
  const folder = new Folder({ 'mesh.yaml': manifests({ plain, tls, service }, pair) });
  const ports = ['--admin-port', admin, '--stats-port', stats, '--agent-port', 0, '--health-port', 0].map(String);
  const run = new WeftProcess('proxy', 'run', '-f', folder.path, '--gateway', 'edge/gw', '--watch', '--access-log', '-', '--log-level', level, ...ports);
  await run.says(/ serving /);
  await until(async () => (await ask(plain, '/').catch(() => 0)) === 200, 'an answer');

  const good = signed({ sub: 'alice', private: 'plantedClaim1234567' });
  const denied = signed({ sub: 'eve' });
  const forged = signed({ sub: 'mallory' }, 'another key');
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
  const basic = Buffer.from(`alice:${planted.basic}`).toString('base64');
  expect(await ask(plain, '/', bearer(good))).toBe(200);
  expect(await ask(tls, '/', bearer(good), true)).toBe(200);
  expect(await ask(plain, `/?a=1&access_token=${good}`)).toBe(200);
  expect(await ask(plain, '/', bearer(denied))).toBe(403);
  expect(await ask(plain, `/query?access_token=${forged}&b=2`, { referer: `http://shop.example.com/?access_token=${good}` })).toBe(401);
  expect(await ask(tls, '/', bearer(forged), true)).toBe(401);
  expect(await ask(plain, '/', { authorization: `Basic ${basic}`, cookie: `session=${planted.cookie}`, 'x-api-key': planted.token })).toBe(200);
  // The planted values do reach those that they are for.
  expect(seen.join('\n')).toContain(planted.cookie);
  expect(seen.join('\n')).toContain(basic);
  expect(seen.some((headers) => headers.includes('x-payload'))).toBe(true);

  const told = new Map<string, string>();
  const page = async (port: number, path: string): Promise<void> => {
    const { status, body } = await pageOf(port, path);
    expect([path, status]).toEqual([path, 200]);
    told.set(path, body);
  };
  const pages = ['/config_dump', '/clusters', '/clusters?format=json', '/listeners', '/outliers', '/stats', '/stats?format=json', '/server_info', '/memory'];
  for (const path of [...pages, '/']) await page(admin, path);
  await page(stats, '/stats/prometheus');
  for (const part of ['listeners', 'clusters', 'routes', 'bootstrap', 'policies']) {
    const shown = new WeftProcess('proxy-config', part, '--proxy-admin-port', String(admin), '-o', 'json');
    await shown.exited;
    told.set(`proxy-config ${part}`, shown.stdout + shown.stderr);
  }
  expect(told.get('/config_dump')).toContain('edge-cert');

  // What is broken is told, and not what is in it.
  const broken = new WeftProcess('version');
  await broken.exited;
  folder.write(
    'broken.yaml',
    `apiVersion: v1\nkind: Secret\nmetadata: { name: b, namespace: edge }\nstringData:\n  a: ${planted.password}\n  b: "${planted.token}\n`,
  );
  await run.says(/broken\.yaml/);
  run.signal('SIGTERM');
  await run.exited;
  told.set('standard error', run.stderr);
  told.set('standard output', run.stdout);
  expect(run.stdout).toContain('"GET / HTTP/1.1" 403');
  expect(run.stdout).toContain('"GET /query?access_token=[redacted]&b=2 HTTP/1.1" 401');
  expectNone(told, [...Object.values(planted), good, denied, forged, pair.key, basic]);
});

test('what is shown of the configuration of an Envoy has none of the keys by which tokens are made', async () => {
  const folder = new Folder({ 'mesh.yaml': manifests({ plain: 8080, tls: 8443, service: 8081 }, pair) });
  const proxy = ['-f', folder.path, '--gateway', 'edge/gw'];
  const said = async (...args: string[]): Promise<string> => {
    const run = new WeftProcess(args[0] as string, ...args.slice(1));
    expect([args, await run.exited, run.stderr]).toMatchObject([args, 0, /./]);
    return run.stdout;
  };
  const encoded = Buffer.from(symmetric).toString('base64url');
  const bootstrap = await said('proxy', 'bootstrap', ...proxy);
  // Envoy has to have it.
  expect(bootstrap).toContain(encoded);
  const { static_resources: made } = JSON.parse(bootstrap) as { static_resources: { listeners: { name: string }[] } };
  const type = 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump';
  const listeners = made.listeners.map((listener) => ({ name: listener.name, active_state: { listener } }));
  const dump = join(folder.path, '../dump.json');
  writeFileSync(dump, JSON.stringify({ configs: [{ '@type': type, dynamic_listeners: listeners }] }));
  const told = new Map<string, string>();
  told.set('proxy-config', await said('proxy-config', 'listeners', '--file', dump, '-o', 'json'));
  for (const to of ['envoy', 'ir']) told.set(`translate --to ${to}`, await said('translate', '--to', to, ...proxy));
  for (const [where, text] of told) expect([where, text.includes('[redacted]')]).toEqual([where, true]);
  expectNone(told, Object.values(planted));
});

const key = privateKeyPem(4711);
const inKey = (partsOf(key)[0] as string).slice(0, 40);

test.each<[string, string]>([
  ['YAML that does not end', `apiVersion: v1\nkind: Secret\nmetadata: { name: a }\nstringData:\n  a: ${planted.password}\n  b: "${planted.token}\n`],
  ['a name twice', `apiVersion: v1\nkind: Secret\nmetadata: { name: a }\nstringData:\n  a: ${planted.password}\n  a: ${planted.token}\n`],
  ['no base64', `apiVersion: v1\nkind: Secret\nmetadata: { name: a }\ndata:\n  tls.key: "!${planted.password}"\n`],
  ['data that is no map', `apiVersion: v1\nkind: Secret\nmetadata: { name: a }\ndata: ${planted.password}\n`],
  ['a key in a text that does not end', `apiVersion: v1\nkind: Secret\nmetadata: { name: a }\nstringData:\n  b: "x\n  tls.key: |\n${indented(key)}\n`],
  [
    'keys that are no JSON',
    `apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: { name: a }\nspec:\n  jwtRules:\n    - issuer: a\n      jwks: '{"keys":[{"kty":"oct","k":"${planted.password}"},]}'\n`,
  ],
])('what is said of broken manifests has none of what is in them: %s', async (_, text) => {
  const folder = new Folder({ 'a.yaml': text });
  const file = join(folder.path, 'a.yaml');
  writeFileSync(file, text);
  const commands = [
    ['analyze', '--use-kube=false', '-o', 'pretty', file],
    ['analyze', '--use-kube=false', '-o', 'sarif', file],
    ['translate', '-f', file],
    // An address that no machine has: what is not broken enough to be refused is not served all the same.
    ['proxy', 'run', '-f', file, '--admin-port', '0', '--stats-port', '0', '--agent-port', '0', '--health-port', '0', '--bind', '192.0.2.1'],
  ];
  const told = new Map<string, string>();
  for (const command of commands) {
    const run = new WeftProcess(command[0] as string, ...command.slice(1));
    await run.exited;
    told.set(command.join(' '), run.stdout + run.stderr);
  }
  expect([...told.values()].join('\n')).toContain('a.yaml:');
  expectNone(told, [planted.password, planted.token, inKey]);
});
