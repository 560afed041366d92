// When `weft x wait` says that proxies have a resource, they do what it says: with a real API server, two controllers, two sidecars and a
// real Envoy, whose requests are looked at in the same moment.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ControlPlaneClient } from '../../src/envoy/xds/control-plane-client.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable } from '../kube/cluster.ts';
import { routesTo, Shop, said, shopHost } from '../kube/shop.ts';
import { startWeft } from '../kube/weft.ts';
import { until } from '../proxy/support.ts';
import { ask } from '../proxy/weft-process.ts';
import { envoyProgram } from './envoy.ts';

const available = await clusterAvailable();
const envoy = envoyProgram();

let shop: Shop;
/** How many proxies there are. */
let count: number;

afterAll(async () => {
  await shop?.close();
});

describe.skipIf(!available)('waiting for proxies', () => {
  beforeAll(async () => {
    setup();
    shop = await Shop.open(envoy);
    count = shop.proxies.length;
  }, 400_000);

  test('those that are there have what is there', async () => {
    expect(said(await shop.wait('virtualservice', 'shop.shop'))).toBe(`0\n✔ VirtualService shop/shop: ${count} of ${count} proxies have it\n`);
    expect(await shop.answers()).toEqual(shop.all('v1'));
  });

  test('every request after it goes the new way, 20 times', async () => {
    const misses: string[] = [];
    for (let i = 0; i < 20; i++) {
      const version = i % 2 === 0 ? 'v2' : 'v1';
      await shop.apply(routesTo(version));
      const ran = await shop.wait('vs', 'shop', '-n', 'shop', '--timeout', '60s');
      if (ran.status !== 0) misses.push(said(ran));
      const now = await shop.answers();
      if (now.some((answer) => answer !== version)) misses.push(`${i}: ${now} in the place of ${version}`);
    }
    expect(misses).toEqual([]);
  }, 400_000);

  test('also in the very moment in which the controllers say so, 30 times', async () => {
    const asked = shop.controllers.map(({ xdsPort }) => new ControlPlaneClient(`127.0.0.1:${xdsPort}`));
    const misses: string[] = [];
    let late = 0;
    try {
      for (let i = 0; i < 30; i++) {
        const version = i % 2 === 0 ? 'v2' : 'v1';
        const { resourceVersion = '' } = (await shop.client.apply(routesTo(version), { force: true })).metadata;
        const request = { for: 'distribution', kind: 'VirtualService', namespace: 'shop', name: 'shop', resourceVersion } as const;
        const isReached = async (): Promise<boolean> => {
          const all = await Promise.all(asked.map((one) => one.distribution(request, 30_000)));
          // What others have is not known to a controller that was started a moment ago.
          const connected = all.flatMap(({ proxies }) => proxies.filter(({ state }) => state !== 'unconnected'));
          return all.every(({ resource }) => resource.state === 'served') && connected.every(({ state }) => state === 'acknowledged');
        };
        for (; !(await isReached()); late++) if (late > 100_000) throw new Error('it never comes');
        const now = await shop.answers();
        if (now.some((answer) => answer !== version)) misses.push(`${i}: ${now} in the place of ${version}`);
      }
    } finally {
      for (const one of asked) one.close();
    }
    expect(misses).toEqual([]);
    // It was asked before it was so.
    expect(late).toBeGreaterThan(0);
  }, 400_000);

  test('a proxy that does not answer is named, and a threshold can do without it', async () => {
    shop.web.signal('SIGSTOP');
    try {
      await shop.apply(routesTo('v2'));
      const others = shop.proxies.filter((name) => name !== 'web-1').flatMap((name) => ['--proxy', name]);
      expect((await shop.wait('vs', 'shop.shop', ...others, '--timeout', '60s')).status).toBe(0);
      const ran = await shop.wait('vs', 'shop.shop', '--timeout', '5s', '-o', 'json');
      expect(ran.status).toBe(1);
      const document = JSON.parse(ran.stdout);
      expect(document).toMatchObject({ reached: false, proxies: { total: count, acknowledged: count - 1 } });
      expect(document.behind).toMatchObject([{ name: 'web-1', namespace: 'shop', state: 'unanswered', types: ['TABLE'] }]);
      expect(ran.stderr).toMatch(/^✘ web-1\.shop \(weft \S+\) was sent TABLE \d+s ago, and does not answer$/m);
      expect(ran.stderr).toContain(`Error: gave up after 5s: 1 of ${count} proxies does not have VirtualService shop/shop yet\n`);
      const share = String(Math.floor(((count - 1) / count) * 100) / 100);
      expect((await shop.wait('vs', 'shop.shop', '--threshold', share, '--timeout', '60s')).status).toBe(0);
      expect((await shop.wait('vs', 'shop.shop', '--threshold', '0.9', '--timeout', '0s')).status).toBe(1);
      expect(said(await shop.wait('vs', 'shop.shop', '--proxy', 'cart-1', '--timeout', '60s'))).toBe('0\n✔ VirtualService shop/shop: 1 of 1 proxy has it\n');
      const unknown = await shop.wait('vs', 'shop.shop', '--proxy', 'cart-2', '--timeout', '5s');
      expect(unknown.stderr).toContain('no proxy cart-2 is connected\nThere are: cart-1.shop, ');
    } finally {
      shop.web.signal('SIGCONT');
    }
    expect(said(await shop.wait('vs', 'shop.shop', '--timeout', '60s'))).toMatch(/^0\n/);
    expect(await shop.answers()).toEqual(shop.all('v2'));
  }, 400_000);

  test('a removal', async () => {
    const args = ['x', 'wait', '--for', 'delete', 'vs', 'shop.shop', '--timeout', '100s', '-v'];
    const { child, ended: ran } = startWeft(args, { kubeconfig: shop.cluster.kubeconfig });
    let heard = '';
    child.stderr?.on('data', (text: string) => {
      heard += text;
    });
    await until(() => heard.includes('it is still there\n'), 'it says that it is still there', 60_000);
    await shop.delete('VirtualService', 'shop');
    const ended = await ran;
    expect(said(ended)).toMatch(new RegExp(`^0\n✔ VirtualService shop/shop: ${count} of ${count} proxies go on without it\n`));
    expect(ended.stderr).toMatch(/^ +\d+\.\d\ds {2}it is still there\n/);
    // Without it, the sidecars take both versions, and the gateway knows no host.
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) for (const answer of (await shop.answers()).slice(0, 2)) seen.add(answer);
    expect([...seen].sort()).toEqual(['v1', 'v2']);
    if (envoy !== undefined) expect((await shop.answers())[2]).toBe('404');
    expect((await shop.wait('--for=delete', 'vs', 'shop.shop', '--timeout', '60s')).status).toBe(0);
    await shop.apply(routesTo('v1'));
    expect((await shop.wait('vs', 'shop.shop', '--timeout', '60s')).status).toBe(0);
    expect(await shop.answers()).toEqual(shop.all('v1'));
  }, 400_000);

  test('a proxy is not waited for when its pod is gone', async () => {
    shop.web.signal('SIGSTOP');
    await shop.apply(routesTo('v2'));
    const ran = shop.wait('vs', 'shop.shop', '--timeout', '100s');
    await until(async () => (await ask(shop.entries[0] ?? 0, shopHost)) === 'v2', 'the other sidecar has it', 60_000);
    shop.web.signal('SIGKILL');
    await shop.client.delete({ apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1' });
    expect(said(await ran)).toMatch(new RegExp(`^0\n✔ VirtualService shop/shop: ${count - 1} of ${count - 1} prox(y has|ies have) it\n$`));
  }, 400_000);
});
