// Headers that are made of claims, in the word of a client: neither engine routes by them, tells others of them, or passes them on.
import { request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { namedKeys } from '../jwt/configurations.ts';
import { good, issuer } from '../jwt/token.ts';
import { backend, closeAll, freePorts, until } from '../proxy/support.ts';
import { Folder, WeftProcess } from '../proxy/weft-process.ts';
import { envoyProgram } from './envoy.ts';

afterEach(closeAll);

const envoy = envoyProgram();

const manifests = (port: number, app: number, authz: number): string => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: edge }
spec: { selector: { app: gw }, servers: [{ port: { number: ${port}, name: http, protocol: HTTP }, hosts: ['*'] }] }
---
${[
  ['app', app],
  ['authz', authz],
]
  .map(
    ([name, at]) => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name}, namespace: edge }
spec: { hosts: [${name}.example], location: MESH_INTERNAL, resolution: STATIC, ports: [{ number: ${at}, name: http, protocol: HTTP }], endpoints: [{ address: 127.0.0.1 }] }
---
`,
  )
  .join('')}apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: all, namespace: edge }
spec:
  hosts: ['*']
  gateways: [gw]
  http:
    - match: [{ headers: { x-user: { exact: admin } } }]
      headers: { request: { set: { x-route: admin } } }
      route: [{ destination: { host: app.example, port: { number: ${app} } } }]
    - headers: { request: { set: { x-route: others } } }
      route: [{ destination: { host: app.example, port: { number: ${app} } } }]
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: edge }
spec:
  selector: { matchLabels: { app: gw } }
  jwtRules:
    - issuer: '${issuer}'
      jwks: '${namedKeys}'
      outputPayloadToHeader: X-Payload
      outputClaimToHeaders: [{ header: X-User, claim: sub }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ask, namespace: edge }
spec: { selector: { matchLabels: { app: gw } }, action: CUSTOM, provider: { name: ask }, rules: [{ to: [{ operation: { paths: [/asked] } }] }] }
`;

interface Answer {
  /** Headers of the request that a service got. */
  app: Record<string, unknown>;
  authz: Record<string, unknown>;
}

test.each([['embedded'], ['envoy']].filter(([engine]) => engine === 'embedded' || envoy !== undefined))(
  'SEC-R42: %s: what only tokens say, clients do not',
  async (engine) => {
    const [port = 0] = await freePorts(1);
    let answer: Answer = { app: {}, authz: {} };
    const app = await backend((message, response) => {
      answer.app = message.headers;
      response.end('app');
    });
    const authz = await backend((message, response) => {
      answer.authz = message.headers;
      response.end();
    });
    const provider = {
      name: 'ask',
      envoyExtAuthzHttp: { service: 'edge/authz.example', port: authz, includeRequestHeadersInCheck: ['x-user', 'x-payload', 'x-other'] },
    };
    const folder = new Folder({ 'mesh.yaml': manifests(port, app, authz) });
    const config = new Folder({ 'config.json': JSON.stringify({ extensionProviders: [provider] }) });
    const none = ['--admin-port', '0', '--stats-port', '0', '--agent-port', '0', '--health-port', '0'];
    const chosen = engine === 'envoy' ? ['--engine', 'envoy', '--envoy-path', String(envoy)] : [];
    const run = new WeftProcess(
      'proxy',
      'run',
      ...chosen,
      '-f',
      folder.path,
      '--meshConfigFile',
      `${config.path}/config.json`,
      '--gateway',
      'edge/gw',
      ...none,
    );
    await run.says(/ serving /, 90_000);
    const ask = async (path: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> => {
      answer = { app: {}, authz: {} };
      await new Promise<void>((resolve, reject) => {
        request({ host: '127.0.0.1', port, path, method, headers: { host: 'shop', ...headers }, agent: false }, (response) =>
          response.resume().on('end', resolve),
        )
          .on('error', reject)
          .end();
      });
      return answer;
    };
    await until(async () => (await ask('/', {}).catch(() => answer)).app['x-route'] === 'others', 'an answer');
    const spoofed = { 'x-user': 'admin', 'X-PAYLOAD': 'evil', 'x-other': 'kept' };
    const preflight = { origin: 'http://x', 'access-control-request-method': 'GET' };
    for (const [headers, method] of [
      [spoofed, 'GET'],
      [{ ...spoofed, ...preflight }, 'OPTIONS'],
    ] as const) {
      for (const path of ['/', '/asked']) {
        const { app: got, authz: asked } = await ask(path, headers, method);
        expect([got['x-route'], got['x-user'], got['x-payload'], got['x-other']]).toEqual(['others', undefined, undefined, 'kept']);
        if (path === '/asked') expect([asked['x-user'], asked['x-payload'], asked['x-other']]).toEqual([undefined, undefined, 'kept']);
      }
    }
    // A token of somebody else does not make it true, and a right one does.
    expect((await ask('/', { ...spoofed, authorization: `Bearer ${good({ sub: 'alice' })}` })).app).toMatchObject({ 'x-route': 'others', 'x-user': 'alice' });
    expect((await ask('/asked', { authorization: `Bearer ${good({ sub: 'admin' })}` })).app).toMatchObject({ 'x-route': 'admin', 'x-user': 'admin' });
    run.signal('SIGTERM');
    await run.exited;
  },
  180_000,
);
