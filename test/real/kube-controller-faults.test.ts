// The controller when something breaks: the API server goes, a replica dies, certificates end.
import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { certificatesIn, secretData } from '../../src/controller/certificates/secret.ts';
import type { KubeClient, KubeResource } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject, ObjectRef } from '../../src/kube/object.ts';
import { issueServing } from '../../src/pki/issue.ts';
import { servingLifetimeMs } from '../../src/pki/lifetimes.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { applyAll, ConnectedProxy, controlPlaneObjects, get, metric, pod, service, slice } from '../kube/control-plane.ts';
import { type LocalController, localController } from '../kube/controller.ts';
import { closeAll, toClose, until } from '../proxy/support.ts';

const available = await clusterAvailable();

let cluster: TestCluster;
let client: KubeClient;
let one: LocalController;
let two: LocalController;

const host = 'cart.shop.svc.cluster.local';
const secretRef: ObjectRef = { apiVersion: 'v1', kind: 'Secret', namespace: 'istio-system', name: 'weft-controller-serving' };
const injectorRef: ObjectRef = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration', name: 'weft-sidecar-injector' };

/** What a controller does at once takes well below a second where nothing else is to do. */
const limitMs = 40_000;
/** A Lease that nobody gives up is over after 15 s; then replicas look every two seconds. */
const leaseLimitMs = 90_000;

const leads = async ({ monitoringPort }: LocalController): Promise<boolean> => (await metric(monitoringPort, 'weft_leader').catch(() => 0)) === 1;
const setEndpoint = (address: string): Promise<KubeObject> => client.apply(slice('shop', 'cart', address), { force: true });
const bundles = async (): Promise<string[]> => {
  const { webhooks } = (await client.get(injectorRef)) as KubeObject;
  return (webhooks as { clientConfig: { caBundle?: string } }[]).map(({ clientConfig }) => clientConfig.caBundle ?? '');
};

interface About {
  identity: string;
  leader: string;
  certificates: unknown;
}

/** The one that leads, and the other one. */
async function replicas(): Promise<[LocalController, LocalController]> {
  let led: boolean[] = [];
  const oneLeads = async (): Promise<boolean> => {
    led = [await leads(one), await leads(two)];
    return led[0] !== led[1];
  };
  await until(oneLeads, 'one of them leads', leaseLimitMs);
  return led[0] ? [one, two] : [two, one];
}

/** Who has the Lease, and everybody who gets it from now on; empty: nobody. */
async function holdersOfLease(): Promise<string[]> {
  const resource = (await client.resource('coordination.k8s.io/v1', 'Lease')) as KubeResource;
  const { items, resourceVersion } = await client.list(resource, { namespace: 'istio-system' });
  const holderOf = ({ spec }: KubeObject): string => (spec as { holderIdentity?: string }).holderIdentity ?? '';
  const [lease] = items;
  if (!lease || items.length > 1) throw new Error(`${items.length} Leases`);
  const holders = [holderOf(lease)];
  const stopped = new AbortController();
  toClose({ close: () => stopped.abort() });
  const watch = async (): Promise<void> => {
    for await (const { object } of client.watch(resource, { namespace: 'istio-system', resourceVersion, signal: stopped.signal, bookmarks: false }))
      if (holderOf(object) !== holders.at(-1)) holders.push(holderOf(object));
  };
  void watch();
  return holders;
}

/** Whether the API server can ask the first replica, over TLS. */
async function injects(): Promise<boolean> {
  const made = await client.create(pod('shop', `web-${Math.random().toString(36).slice(2)}`)).catch(() => undefined);
  return made !== undefined && JSON.stringify(made.spec).includes('"istio-proxy"');
}

async function untilEndpoint(proxy: ConnectedProxy, address: string, ms = limitMs): Promise<void> {
  await until(() => proxy.endpointsOf(host).join() === `${address}:8080`, `the endpoint ${address}`, ms);
}

beforeAll(async () => {
  if (!available) return;
  setup();
  cluster = await startCluster();
  client = await connect({ kubeconfig: cluster.kubeconfig });
  one = await localController(cluster.kubeconfig, 'default', ['--pod-name', 'one']);
  two = await localController(cluster.kubeconfig, 'default', ['--pod-name', 'two']);
  await applyAll(client, controlPlaneObjects(one.target));
  await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { 'istio-injection': 'enabled' } } });
  await applyAll(client, [service('shop', 'cart'), slice('shop', 'cart', '10.0.0.1')]);
  one.start();
  await one.ready();
  await until(() => leads(one), 'the first one leads', leaseLimitMs);
  two.start();
  await two.ready();
  await until(injects, 'pods are injected', limitMs);
}, 300_000);

afterEach(closeAll);
afterAll(async () => {
  for (const controller of [one, two]) await controller?.kill();
  client?.close();
  await cluster?.stop();
});

describe.skipIf(!available)('replicas of a controller', () => {
  test('one leads, both serve with the same certificate', async () => {
    expect([await leads(one), await leads(two)]).toEqual([true, false]);
    const proxies = [one, two].map(({ xdsPort }) => new ConnectedProxy(xdsPort, 'shop'));
    for (const proxy of proxies) await untilEndpoint(proxy, '10.0.0.1');
    // Pods that were made a moment ago are told to one before the other.
    await until(() => isDeepStrictEqual(proxies[0]?.table, proxies[1]?.table), 'both serve the same table', limitMs);
    const about = (): Promise<About[]> =>
      Promise.all([one, two].map(async ({ monitoringPort }) => JSON.parse((await get(monitoringPort, '/debug/controller')).body)));
    await until(async () => (await about()).every(({ leader }) => leader !== ''), 'both know who leads', limitMs);
    const [first, second] = await about();
    expect([first, second].map((each) => `${each?.identity}: ${each?.leader}`)).toEqual(['one: one', 'two: one']);
    expect(first?.certificates).toEqual(second?.certificates);
  });

  test('a certificate that is due is renewed and served without a restart; the trust stays', async () => {
    const secret = (await client.get(secretRef)) as KubeObject;
    const known = certificatesIn(secret);
    if (!known) throw new Error('the Secret has no certificates');
    // Made as if most of its life were over.
    const now = Date.now() - servingLifetimeMs * 0.7;
    const serving = await issueServing(
      known.authority,
      ['weft-controller.istio-system.svc', 'weft-controller.istio-system.svc.cluster.local', 'weft-controller.istio-system', 'weft-controller'],
      now,
    );
    await client.update({ ...secret, data: secretData({ ...known, serving }) });
    const renewed = async (): Promise<string> => {
      const { data } = (await client.get(secretRef)) as KubeObject;
      return Buffer.from((data as Record<string, string>)['tls.crt'] ?? '', 'base64').toString();
    };
    await until(async () => ![serving.certificate, known.serving.certificate].includes(await renewed()), 'it is renewed', limitMs);
    const certificate = new X509Certificate(await renewed());
    expect(certificate.verify(new X509Certificate(known.authority.certificate).publicKey)).toBe(true);
    expect(certificate.validToDate.getTime() - Date.now()).toBeGreaterThan(servingLifetimeMs - 5 * 60_000);
    for (const { monitoringPort } of [one, two])
      await until(
        async () => (await metric(monitoringPort, 'weft_certificate_expiry_seconds', 'serving')) === Math.floor(certificate.validToDate.getTime() / 1000),
        'both have it',
        limitMs,
      );
    await until(injects, 'pods are injected', limitMs);
  });

  test('who takes the trust away, or the Secret, has it back', async () => {
    const webhooks = (await client.get(injectorRef))?.webhooks as unknown[];
    const [bundle] = await bundles();
    await client.patch(
      injectorRef,
      webhooks.map((_, i) => ({ op: 'remove', path: `/webhooks/${i}/clientConfig/caBundle` })),
      { type: 'json' },
    );
    await until(async () => (await bundles()).every((there) => there === bundle), 'the webhooks trust it again', limitMs);
    const { data } = (await client.get(secretRef)) as KubeObject;
    await client.delete(secretRef);
    await until(async () => (await client.get(secretRef)) !== undefined, 'the Secret is back', limitMs);
    expect((await client.get(secretRef))?.data).toEqual(data);
    await until(injects, 'pods are injected', limitMs);
  });

  test('while the API server is away proxies are served, and afterwards get what has changed', async () => {
    const early = new ConnectedProxy(one.xdsPort, 'shop');
    await untilEndpoint(early, '10.0.0.1');
    await cluster.kill();
    const late = new ConnectedProxy(one.xdsPort, 'shop');
    await untilEndpoint(late, '10.0.0.1');
    await until(() => /the cluster cannot be watched, and what is known goes on being served/.test(one.log), 'it says so', limitMs);
    expect((await get(one.monitoringPort, '/readyz')).status).toBe(200);
    await cluster.restart();
    await setEndpoint('10.0.0.2');
    for (const proxy of [early, late]) await untilEndpoint(proxy, '10.0.0.2', 90_000);
    expect([early.connections, late.connections]).toEqual([1, 1]);
    await until(async () => (await leads(one)) !== (await leads(two)), 'one of them leads', leaseLimitMs);
  }, 300_000);

  test('when the leader dies the other one leads after its Lease, and proxies keep what they have until it is back', async () => {
    const [leader, other] = await replicas();
    const proxy = new ConnectedProxy(leader.xdsPort, 'shop');
    await untilEndpoint(proxy, '10.0.0.2');
    await leader.kill('SIGKILL');
    await setEndpoint('10.0.0.3');
    await until(() => leads(other), 'the other one leads', leaseLimitMs);
    expect(proxy.endpointsOf(host)).toEqual(['10.0.0.2:8080']);
    leader.start();
    await leader.ready();
    await untilEndpoint(proxy, '10.0.0.3');
    expect(await leads(leader)).toBe(false);
    // It writes what only a leader writes.
    await client.patch(injectorRef, [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }], { type: 'json' });
    await until(async () => (await bundles()).every((there) => there !== ''), 'the webhooks trust it again', limitMs);
  });

  test('at SIGTERM it gives the Lease up, and sends its proxies away', async () => {
    const [leader, other] = await replicas();
    const proxy = new ConnectedProxy(leader.xdsPort, 'shop');
    await untilEndpoint(proxy, '10.0.0.3');
    const holders = await holdersOfLease();
    await leader.kill('SIGTERM');
    await until(() => leads(other), 'the other one leads', leaseLimitMs);
    const [before, after] = leader === one ? ['one', 'two'] : ['two', 'one'];
    await until(() => holders.at(-1) === after, 'the other one has the Lease', limitMs);
    // Nobody had it in between, where it had ended by itself.
    expect(holders).toEqual([before, '', after]);
    expect(leader.log).toMatch(/stopping.*\n(?:.*\n)*.*stopped/);
    await until(() => proxy.ended.join().includes('shutting down'), 'the proxy is told to go', limitMs);
  });
});
