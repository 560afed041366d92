import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { expect, it } from 'vitest';
import { FakeClock } from '../../envoy/xds/fake-clock.ts';
import { KubeError } from '../../kube/error.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import { caBundleOf, formerGraceMs, type ServingCertificates, trustGraceMs } from './rotation.ts';
import { certificatesIn, secretData } from './secret.ts';
import { TrustPublisher } from './trust-publisher.ts';

const day = 24 * 60 * 60 * 1000;
const service = { namespace: 'istio-system', name: 'weft-controller' };

/** Certificates are made by threads of their own: not all is done when promises are settled. */
const done = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 4));
};

/** An API server with one Secret and some webhook configurations, and the watches of all replicas. */
class FakeCluster {
  secret: KubeObject | undefined;
  readonly configurations = new Map<string, KubeObject>();
  readonly replicas: Replica[] = [];
  writes = 0;
  isDown = false;
  /** What happens after the Secret was made, before the answer is there. */
  meanwhile = (): void => {};
  private version = 0;

  private reach(): void {
    if (this.isDown) throw new KubeError('down', { reason: 'Unreachable' });
  }

  create(data: Record<string, string>): KubeObject {
    this.reach();
    if (this.secret) throw new KubeError('there is one', { reason: 'AlreadyExists', status: 409 });
    const made = this.put(data);
    this.meanwhile();
    return made;
  }

  update(secret: KubeObject, data: Record<string, string>): KubeObject {
    this.reach();
    if (secret.metadata.resourceVersion !== this.secret?.metadata.resourceVersion) throw new KubeError('conflict', { reason: 'Conflict', status: 409 });
    return this.put(data);
  }

  put(data: Record<string, string> | undefined): KubeObject {
    this.writes++;
    this.secret = data && { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', resourceVersion: String(++this.version) }, data };
    for (const { keeper } of this.replicas) keeper.set(this.secret);
    return this.secret as KubeObject;
  }

  configure(name: string, ...webhooks: unknown[]): void {
    this.configurations.set(name, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name, resourceVersion: String(++this.version) },
      webhooks,
    });
    for (const { publisher } of this.replicas) publisher.look();
  }

  patch({ metadata }: KubeObject, patch: readonly Record<string, unknown>[]): void {
    this.reach();
    const there = this.configurations.get(metadata.name ?? '');
    if (there?.metadata.resourceVersion !== metadata.resourceVersion) throw new KubeError('conflict', { reason: 'Conflict', status: 409 });
    const webhooks = structuredClone(there?.webhooks) as { clientConfig: { caBundle?: string } }[];
    for (const { path, value } of patch) {
      const place = /^\/webhooks\/(\d+)\/clientConfig\/caBundle$/.exec(String(path))?.[1];
      const webhook = webhooks[Number(place)];
      if (place !== undefined && webhook) webhook.clientConfig.caBundle = String(value);
    }
    this.writes++;
    this.configure(metadata.name ?? '', ...webhooks);
  }

  bundleOf(name: string, webhook = 0): string | undefined {
    const webhooks = this.configurations.get(name)?.webhooks as { clientConfig: { caBundle?: string } }[];
    const bundle = webhooks[webhook]?.clientConfig.caBundle;
    return bundle === undefined ? undefined : Buffer.from(bundle, 'base64').toString();
  }
}

class Replica {
  readonly keeper: CertificateKeeper;
  readonly publisher: TrustPublisher;
  served: ServingCertificates | undefined;
  leads: boolean;
  readonly errors: string[] = [];

  constructor(cluster: FakeCluster, clock: FakeClock, leads: boolean) {
    this.leads = leads;
    const quiet = (): void => {};
    const log: ScopeLog = { trace: quiet, debug: quiet, info: quiet, warning: quiet, critical: quiet, error: (message) => this.errors.push(message) };
    this.publisher = new TrustPublisher({
      service,
      configurations: () => cluster.configurations.values(),
      patch: async (object, patch) => cluster.patch(object, patch),
      mayWrite: () => this.leads,
      clock,
      published: quiet,
      log,
    });
    this.keeper = new CertificateKeeper({
      secrets: { create: async (data) => cluster.create(data), update: async (secret, data) => cluster.update(secret, data) },
      dnsNames: ['weft-controller.istio-system.svc'],
      clock,
      mayWrite: () => this.leads,
      trustedSince: (certificate) => this.publisher.trustedSince(certificate),
      changed: (certificates) => {
        this.served = certificates;
        this.publisher.publish(caBundleOf(certificates));
      },
      rotated: quiet,
      log,
    });
    cluster.replicas.push(this);
  }
}

const ours = (name: string): unknown => ({ name, clientConfig: { service: { ...service, path: '/inject' } } });
const others = { name: 'x', clientConfig: { service: { namespace: 'other', name: 'webhook' }, caBundle: 'eA==' } };

async function start(replicas: number) {
  const cluster = new FakeCluster();
  const clock = new FakeClock(Date.parse('2026-01-01T00:00:00Z'));
  cluster.configure('injector', ours('a'), ours('b'));
  cluster.configure('others', others);
  const all = Array.from({ length: replicas }, (_, i) => new Replica(cluster, clock, i === 0));
  for (const { keeper } of all) keeper.look();
  await done();
  /** Keys take their time, on a busy machine more than one turn. */
  const idle = async (): Promise<void> => {
    do await done();
    while (all.some(({ keeper }) => Reflect.get(Reflect.get(keeper, 'upkeep'), 'looking') !== undefined));
  };
  const pass = async (ms: number): Promise<void> => {
    await clock.pass(ms);
    await idle();
  };
  const skip = async (ms: number): Promise<void> => {
    await clock.skip(ms);
    await idle();
    await pass(5_000);
  };
  await idle();
  await pass(5_000);
  return { cluster, all: all as [Replica, ...Replica[]], pass, skip };
}

it('all replicas serve the same, which all webhooks of this control plane trust', async () => {
  const { cluster, all } = await start(3);
  const [first, ...rest] = all;
  expect(first.served).toBeDefined();
  for (const { served } of rest) expect(served && secretData(served)).toEqual(secretData(first.served as ServingCertificates));
  const bundle = caBundleOf(first.served as ServingCertificates);
  expect([cluster.bundleOf('injector'), cluster.bundleOf('injector', 1)]).toEqual([bundle, bundle]);
  expect(cluster.bundleOf('others')).toBe('x');
  expect(cluster.writes).toBe(2);
});

it('does nothing where nothing is to be done', async () => {
  const { cluster, pass } = await start(2);
  const before = cluster.writes;
  for (let hour = 0; hour < 24; hour++) await pass(60_000);
  expect(cluster.writes).toBe(before);
});

it('who takes the trust away has it put back, once a second at most', async () => {
  const { cluster, all, pass } = await start(1);
  const bundle = caBundleOf(all[0].served as ServingCertificates);
  cluster.configure('injector', ours('a'));
  cluster.configure('tag', others, ours('c'));
  await pass(2_000);
  expect([cluster.bundleOf('injector'), cluster.bundleOf('tag', 1)]).toEqual([bundle, bundle]);
  const before = cluster.writes;
  for (let i = 0; i < 20; i++) {
    cluster.configure('injector', ours('a'));
    await pass(100);
  }
  expect(cluster.writes - before).toBeLessThan(5);
});

it.each([
  ['deleted', undefined],
  ['broken', { 'tls.crt': 'eA==' }],
])('a Secret that is %s before it is known that it was made is made again', async (_, data) => {
  const { cluster, all, pass } = await start(1);
  cluster.meanwhile = () => {
    cluster.meanwhile = () => {};
    cluster.put(data);
  };
  cluster.put(undefined);
  await pass(1_000);
  expect(cluster.secret && certificatesIn(cluster.secret)?.serving).toEqual(all[0].served?.serving);
});

it('a Secret that is deleted comes back as it was; one that is broken is repaired', async () => {
  const { cluster, all, pass } = await start(2);
  const [leader, other] = all as [Replica, Replica];
  const before = leader.served as ServingCertificates;
  cluster.put(undefined);
  await pass(1_000);
  expect(certificatesIn(cluster.secret as KubeObject)).toEqual(before);
  cluster.put({ 'tls.crt': 'eA==' });
  await pass(1_000);
  expect(leader.served?.serving.certificate).not.toBe(before.serving.certificate);
  expect(other.served).toEqual(leader.served);
});

it.each([
  ['the key of another certificate', (all: Record<string, string>) => ({ ...all, 'tls.key': all['ca.key'] as string })],
  ['what is no key', (all: Record<string, string>) => ({ ...all, 'tls.key': btoa('-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n') })],
  ['what is no certificate', (all: Record<string, string>) => ({ ...all, 'tls.crt': btoa('x') })],
])('%s in the Secret is never served, and is replaced', async (_, change) => {
  const { cluster, all, pass } = await start(2);
  const before = all[0].served;
  cluster.put(change(secretData(before as ServingCertificates)));
  for (const { served } of all) expect(served).toEqual(before);
  await pass(1_000);
  for (const { served } of all) {
    const { certificate, key } = (served as ServingCertificates).serving;
    expect(certificate).not.toBe(before?.serving.certificate);
    expect(() => createSecureContext({ cert: certificate, key })).not.toThrow();
  }
});

it('of the Secret only certificates are to be trusted', async () => {
  const { cluster, all, pass } = await start(1);
  const before = all[0].served as ServingCertificates;
  const { 'ca.crt': authority = '', ...others } = secretData(before);
  const garbage = btoa('-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n');
  cluster.put({ ...others, 'ca.crt': btoa(`${atob(authority)}${atob(garbage)}`), 'next-ca.crt': garbage, 'next-ca.key': garbage, 'former-ca.crt': garbage });
  await pass(5_000);
  expect(cluster.bundleOf('injector')).toBe(before.authority.certificate);
});

it('only who leads renews, and an outage is told once', async () => {
  const { cluster, all, pass, skip } = await start(2);
  const [leader, other] = all as [Replica, Replica];
  const before = leader.served as ServingCertificates;
  leader.leads = false;
  await skip(61 * day);
  expect(cluster.writes).toBe(2);
  cluster.isDown = true;
  other.leads = true;
  other.keeper.look();
  await pass(600_000);
  expect(other.errors).toHaveLength(1);
  cluster.isDown = false;
  await pass(60_000);
  expect(leader.served?.serving).not.toEqual(before.serving);
  expect(leader.served).toEqual(other.served);
  expect(leader.served?.authority).toEqual(before.authority);
});

it('another authority signs when all webhooks have trusted it for a while, and the one before is trusted for a while after', async () => {
  const { cluster, all, pass, skip } = await start(1);
  const [replica] = all;
  const before = (replica.served as ServingCertificates).authority.certificate;
  await skip(2440 * day);
  const next = replica.served?.next?.certificate as string;
  expect(next).toBeDefined();
  expect(cluster.bundleOf('injector')).toContain(next);
  expect(replica.served?.authority.certificate).toBe(before);
  // As long as one of them does not trust it, it does not sign.
  replica.leads = false;
  cluster.configure('late', ours('a'));
  await pass(10 * trustGraceMs);
  expect(replica.served?.authority.certificate).toBe(before);
  replica.leads = true;
  replica.publisher.look();
  await pass(trustGraceMs / 2);
  expect(replica.served?.authority.certificate).toBe(before);
  await pass(trustGraceMs);
  expect(replica.served?.authority.certificate).toBe(next);
  expect(new X509Certificate(replica.served?.serving.certificate as string).verify(new X509Certificate(next).publicKey)).toBe(true);
  await pass(5_000);
  expect(cluster.bundleOf('late')).toContain(before);
  await skip(formerGraceMs + 120_000);
  expect(cluster.bundleOf('late')).toBe(next);
});
