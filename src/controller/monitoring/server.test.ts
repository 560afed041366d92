import { networkInterfaces } from 'node:os';
import { afterEach, expect, it } from 'vitest';
import type { AdminServer } from '../../proxy/admin/http-server.ts';
import { monitoringServer } from './server.ts';

const open: AdminServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const asked: string[] = [];
const seen = <T>(name: string, value: T): (() => T) => {
  return () => {
    asked.push(name);
    return value;
  };
};

/** Facts that notice who asks for them: `monitoringServer` needs no more of them than these for what is tried here. */
const facts = {
  version: '1.2.3',
  state: { isReady: false },
  xds: { statuses: seen('proxies', []) },
  distribution: {},
  watches: seen('watches', []),
  controller: seen('controller', { leads: true }),
  metrics: seen('metrics', []),
  notReady: () => undefined,
  failed: (error: unknown) => {
    throw error;
  },
} as unknown as Parameters<typeof monitoringServer>[0];

const debugPaths = ['/debug', '/debug/controller', '/debug/resources', '/debug/proxies', '/debug/mesh', '/debug/table', '/debug/config', '/debug/versions'];

const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
if (outside === undefined) console.warn('SKIPPED: that others do not see what is inside of a controller needs an address that is not loopback');

it.runIf(outside !== undefined || process.env.CI === 'true')('health and metrics are for all, what is inside only for those in the pod', async () => {
  const server = monitoringServer(facts);
  open.push(server);
  const { port } = await server.listen(0, '*');
  const at = (path: string, host = `${outside}`): Promise<Response> => fetch(`http://${host}:${port}${path}`);
  for (const path of ['/healthz', '/readyz', '/metrics']) expect([path, (await at(path)).status]).toEqual([path, 200]);
  asked.length = 0;
  for (const path of debugPaths) expect([path, (await at(path)).status]).toEqual([path, 403]);
  expect(asked).toEqual([]);
  expect((await at('/debug/controller', '127.0.0.1')).status).toBe(200);
  expect((await at('/debug', '127.0.0.1')).status).toBe(200);
  expect(asked).toEqual(['controller']);
});

it('keys by which tokens are made are not in the table of a proxy', async () => {
  const keys = { kind: 'inline', jwks: '{"keys":[{"kty":"oct","k":"czNjcmV0"}]}' };
  const tableOf = (): object => ({ security: { authentication: { providers: [{ name: 'origins-0', keys }] } } });
  const server = monitoringServer({ ...facts, state: { isReady: true }, xds: { tableOf } } as unknown as typeof facts);
  open.push(server);
  const { port } = await server.listen(0);
  const page = await (await fetch(`http://127.0.0.1:${port}/debug/table?proxy=shop/cart`)).text();
  expect(page).toContain('origins-0');
  expect(page).not.toContain('czNjcmV0');
});
