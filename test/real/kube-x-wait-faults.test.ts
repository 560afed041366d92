// `weft x wait` and what goes wrong: what no proxy will ever get, what one refuses, a controller that dies; and the versions of all of them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setup } from '../cli/setup.ts';
import { clusterAvailable } from '../kube/cluster.ts';
import { shopHost as host, istio, routesTo, Shop, said } from '../kube/shop.ts';
import { until } from '../until.ts';
import { envoyProgram } from './envoy.ts';

const available = await clusterAvailable();
const envoy = envoyProgram();

let shop: Shop;
/** How many proxies there are. */
let count: number;

const filters = 'networking.istio.io/v1alpha3';

/** What Envoy refuses: of one cluster, and of a whole message. */
const refused: [what: string, value: object][] = [
  ['one cluster', { lb_policy: 'LOAD_BALANCING_POLICY_CONFIG' }],
  ['a whole message', { outlier_detection: { interval: '0s' } }],
];

/** What the second controller has heard of the Envoy. */
async function refusesClusters(): Promise<boolean> {
  const [edge] = JSON.parse((await shop.weft('proxy-status', 'edge-1.shop', '-o', 'json')).stdout) as { types: { type: string; refusal?: object }[] }[];
  return edge?.types.some(({ type, refusal }) => type === 'CDS' && refusal !== undefined) ?? false;
}

afterAll(async () => {
  await shop?.close();
});

describe.skipIf(!available)('waiting in vain', () => {
  beforeAll(async () => {
    setup();
    shop = await Shop.open(envoy);
    count = shop.proxies.length;
  }, 400_000);

  test('a resource that changes nothing for anybody is there at once; one that is not there never', async () => {
    await shop.apply(istio('DestinationRule', 'nobody', { host: 'nobody.example' }));
    expect((await shop.wait('destinationrules/nobody', '-n', 'shop', '--timeout', '60s')).status).toBe(0);
    expect(said(await shop.wait('dr', 'none.shop'))).toMatch(/^1\nError: there is no DestinationRule shop\/none\n/);
  });

  test('one that breaks the rules of its kind is said at once', async () => {
    const route = [{ destination: { host } }];
    // The API server takes it, as no webhook is there.
    await shop.apply(istio('VirtualService', 'broken', { hosts: ['broken.example'], http: [{ route, redirect: { uri: '/' } }] }));
    expect(said(await shop.wait('vs', 'broken.shop'))).toMatch(/^1\nError: VirtualService shop\/broken: it is invalid, and no proxy gets it: .*http/);
    await shop.apply(istio('VirtualService', 'broken', { hosts: ['broken.example'], http: [{ route }] }));
    expect((await shop.wait('vs', 'broken.shop', '--timeout', '60s')).status).toBe(0);
  });

  test('one for another revision is nothing to this control plane', async () => {
    const canary = istio('DestinationRule', 'canary', { host: 'canary.example' });
    await shop.apply({ ...canary, metadata: { ...canary.metadata, labels: { 'istio.io/rev': 'canary' } } });
    const { stderr } = await shop.wait('dr', 'canary.shop');
    expect(stderr).toMatch(/no control plane that was asked takes it: it is for revision canary\nAsked were those of revision default/);
    const other = await shop.wait('vs', 'shop.shop', '--revision', 'canary');
    expect(other.stderr).toContain('no control plane of weft of revision canary runs in namespace istio-system');
  });

  test.runIf(envoy !== undefined).each(refused)(
    'a proxy that refuses %s is named, with what it says',
    async (_, value) => {
      const match = { context: 'GATEWAY', cluster: { service: host } };
      const configPatches = [{ applyTo: 'CLUSTER', match, patch: { operation: 'MERGE', value } }];
      await shop.apply(istio('EnvoyFilter', 'bad', { workloadSelector: { labels: { app: 'edge' } }, configPatches }, filters));
      expect((await shop.wait('envoyfilter', 'bad.shop', '--proxy', 'cart-1', '--proxy', 'web-1', '--timeout', '60s')).status).toBe(0);
      await until(refusesClusters, 'edge-1 refuses clusters', 60_000);
      const ran = await shop.wait('envoyfilter', 'bad.shop', '--timeout', '5s');
      expect(said(ran)).toMatch(/^1\n✘ edge-1\.shop \(envoy \S+\) refuses CDS, since \d+s: .+$/m);
      expect(ran.stderr).toContain('gave up after 5s: 1 of 3 proxies does not have EnvoyFilter shop/bad yet');
      // Nobody can say that a later change has nothing to do with what it refuses.
      await shop.apply(routesTo('v2'));
      expect((await shop.wait('vs', 'shop.shop', '--timeout', '5s')).stderr).toMatch(/^✘ edge-1\.shop .* refuses CDS/m);
      await shop.delete('EnvoyFilter', 'bad', filters);
      const gone = await shop.wait('--for=delete', 'envoyfilter', 'bad.shop', '--timeout', '60s');
      expect(said(gone)).toBe('0\n✔ EnvoyFilter shop/bad: 3 of 3 proxies go on without it\n');
      expect((await shop.wait('vs', 'shop.shop', '--timeout', '60s')).status).toBe(0);
      expect(await shop.answers()).toEqual(shop.all('v2'));
      await shop.apply(routesTo('v1'));
    },
    400_000,
  );

  test('after a controller was killed, nobody is said to have anything before all are back', async () => {
    const [first] = shop.controllers;
    await first.kill();
    await shop.apply(routesTo('v2'));
    const away = await shop.wait('vs', 'shop.shop', '--timeout', '5s');
    expect(away.status).toBe(1);
    expect(away.stderr).toMatch(/weft-controller-1/);
    first.start();
    expect(said(await shop.wait('vs', 'shop.shop', '--timeout', '100s'))).toBe(`0\n✔ VirtualService shop/shop: ${count} of ${count} proxies have it\n`);
    expect(await shop.answers()).toEqual(shop.all('v2'));
  }, 400_000);

  test('a control plane that is asked directly finds out itself what is newest', async () => {
    for (const version of ['v1', 'v2', 'v1']) {
      await shop.apply(routesTo(version));
      for (const { xdsPort } of shop.controllers) expect(said(await shop.wait('vs', 'shop.shop', '--xds-address', `127.0.0.1:${xdsPort}`))).toMatch(/^0\n/);
      expect(await shop.answers()).toEqual(shop.all(version));
    }
    const gone = await shop.wait('vs', 'none.shop', '--xds-address', `127.0.0.1:${shop.controllers[0].xdsPort}`);
    expect(gone.stderr).toMatch(/^Error: there is no VirtualService shop\/none\n/);
  }, 400_000);

  test('versions of the control plane and the proxies', async () => {
    const ran = await shop.weft('version', '--remote');
    const version = /^client version: (\S+) /.exec(ran.stdout)?.[1];
    const ofEnvoy = envoy === undefined ? '' : ', envoy \\d+\\.\\d+\\.\\d+ \\(1 proxy\\)';
    const controlPlane = `control plane version: ${version} \\(revision default, 2 replicas\\)`;
    expect(said(ran)).toMatch(new RegExp(`^0\nclient version: .*\n${controlPlane}\ndata plane version: ${version} \\(2 proxies\\)${ofEnvoy}\n$`));
    const document = JSON.parse((await shop.weft('version', '-o', 'json')).stdout);
    expect(document.meshVersion).toMatchObject(
      [1, 2].map((i) => ({ Component: 'weft controller', Revision: 'default', Replica: `weft-controller-${i}`, Info: { version } })),
    );
    expect(document.dataPlaneVersion.map(({ ID }: { ID: string }) => ID)).toEqual(shop.proxies.map((name) => `${name}.shop`));
    const none = await shop.weft('version', '--remote', '-i', 'elsewhere');
    expect(said(none)).toMatch(/^0\nclient version: .*\nversions of the cluster are not known: no control plane of weft runs in namespace elsewhere/);
  });
});
