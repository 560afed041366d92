// Keys of issuers in the configuration of the real Envoy, which fetches none itself.
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { askWith, edge, Issuer, published, signed } from '../jwt/edge.ts';
import { keys } from '../jwt/keys.ts';
import { issuer as issuerName } from '../jwt/token.ts';
import { closeAll, freePorts, toClose, until } from '../proxy/support.ts';
import { Folder, WeftProcess } from '../proxy/weft-process.ts';
import { envoyProgram } from './envoy.ts';

afterEach(closeAll);

const envoy = envoyProgram();
const weft = join(import.meta.dirname, '../../bin/weft');
const { rsa } = keys;
const refused = "Jwks doesn't have key to match kid or alg from Jwt";

test.runIf(envoy !== undefined)(
  'proxy run --engine envoy: JWT-R9 keys that come late, and routes by claims (MAT-R22)',
  async () => {
    const [port = 0, issuerPort = 0] = await freePorts(2);
    const issuer = new Issuer(issuerPort);
    const folder = new Folder({ 'edge.yaml': edge(port, issuerName, `jwksUri: '${issuer.address}/keys'`) });
    const none = ['--admin-port', '0', '--stats-port', '0', '--agent-port', '0', '--health-port', '0'];
    const run = new WeftProcess('proxy', 'run', '--engine', 'envoy', '--envoy-path', String(envoy), '-f', folder.path, '--gateway', 'edge/gw', ...none);
    await run.says(/ serving /, 90_000);
    expect(await askWith(port, undefined)).toBe('nobody');
    expect(await askWith(port, signed(rsa, 'a'))).toBe(refused);
    // What is no key set is not for Envoy, which would refuse its whole configuration.
    issuer.answers = { '/keys': '<html></html>' };
    await issuer.start();
    await run.says(/the key set of http:\/\/127\.0\.0\.1:\d+\/keys is no JSON object/, 60_000);
    issuer.answers = { '/keys': published([rsa, 'a']) };
    await run.says(/other keys of token issuers are in force/, 60_000);
    expect(await askWith(port, signed(rsa, 'a'))).toBe('user');
    expect(await askWith(port, signed(rsa, 'a', { role: 'admin' }))).toBe('admin');
    run.signal('SIGTERM');
    expect(await run.exited).toBe(0);
  },
  240_000,
);

test.runIf(envoy !== undefined)(
  'xds serve: keys that come late make new listeners, and nothing else',
  async () => {
    const [port = 0, other = 0, issuerPort = 0, xds = 0, admin = 0] = await freePorts(5);
    const issuer = new Issuer(issuerPort);
    const folder = new Folder({ 'edge.yaml': edge(port, issuerName, `jwksUri: '${issuer.address}/keys'`) });
    const address = `127.0.0.1:${xds}`;
    const server = new WeftProcess('xds', 'serve', '-f', folder.path, '--address', address);
    await server.says(/ serving /, 90_000);
    const bootstrap = join(dirname(folder.path), 'envoy.json');
    const args = [
      '--xds-address',
      address,
      '--gateway',
      'edge/gw',
      '--labels',
      'app=gw',
      '--admin-port',
      String(admin),
      '--stats-port',
      '0',
      '--agent-port',
      '0',
    ];
    const printed = spawnSync(weft, ['proxy', 'bootstrap', ...args, '--health-port', String(other)], { encoding: 'utf8' });
    expect(printed.stderr).toBe('');
    writeFileSync(bootstrap, printed.stdout);
    const child = spawn(envoy as string, ['-c', bootstrap, '--concurrency', '1', '--use-dynamic-base-id', '-l', 'error'], { stdio: 'ignore' });
    toClose({ close: () => child.kill('SIGKILL') });
    await until(async () => (await askWith(port, undefined).catch(() => '')) === 'nobody', 'the first answer', 60_000);
    expect(await askWith(port, signed(rsa, 'a'))).toBe(refused);
    const updates = async (): Promise<Record<string, number>> => {
      const text = await (await fetch(`http://127.0.0.1:${admin}/stats?filter=update_success`)).text();
      const count = (pattern: RegExp): number => [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
      return {
        listeners: count(/lds\.update_success: (\d+)/g),
        clusters: count(/cds\.update_success: (\d+)/g),
        routes: count(/rds\..*update_success: (\d+)/g),
      };
    };
    const before = await updates();
    issuer.answers = { '/keys': published([rsa, 'a']) };
    await issuer.start();
    await until(async () => (await askWith(port, signed(rsa, 'a'))) === 'user', 'keys', 60_000);
    const after = await updates();
    expect(after.listeners).toBe((before.listeners ?? 0) + 1);
    expect(after.clusters).toBe(before.clusters);
  },
  240_000,
);
