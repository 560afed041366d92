import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../envoy/xds/fake-clock.ts';
import type { KubeObject } from '../../kube/object.ts';
import { issueAuthority } from '../../pki/issue.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import { controlPlaneOf, type OtherControlPlane, ownerAnnotation } from './roots-owner.ts';
import { RootsPublisher, rootsConfigMap, rootsKey } from './roots-publisher.ts';

const labels = { 'app.kubernetes.io/managed-by': 'weft-controller' };
const minute = 60_000;

const opened: RootsPublisher[] = [];
afterEach(async () => {
  for (const publisher of opened.splice(0)) await publisher.stop();
});

let ours = '';
let theirs = '';
beforeAll(async () => {
  [ours = '', theirs = ''] = await Promise.all(['ours', 'theirs'].map(async (name) => (await issueAuthority(name, Date.now())).certificate));
});

/** A cluster in which control planes write, and are told of what is there. */
class Cluster {
  readonly clock = new FakeClock(Date.parse('2030-01-01T00:00:00Z'));
  readonly maps = new Map<string, KubeObject>();
  readonly namespaces = ['istio-system', 'mesh-b', 'shop', 'pay'];
  services: OtherControlPlane[] = [];
  /** By which control plane, and where. */
  readonly writes: string[] = [];
  readonly warnings: string[] = [];
  private readonly publishers: RootsPublisher[] = [];
  private version = 0;

  controlPlane(ownNamespace: string, roots: string): RootsPublisher {
    this.services.push({ program: 'weft', namespace: ownNamespace });
    const log = { info() {}, error: (text: string) => this.warnings.push(text), warning: (text: string) => this.warnings.push(`${ownNamespace}: ${text}`) };
    const publisher = new RootsPublisher({
      ownNamespace,
      controlPlanes: () => this.services,
      namespaces: () => this.namespaces,
      inNamespace: (namespace) => this.maps.get(namespace),
      apply: async (object) => {
        await Promise.resolve();
        this.writes.push(`${ownNamespace} in ${object.metadata.namespace}`);
        this.put(object);
      },
      labels,
      mayWrite: () => true,
      clock: this.clock,
      log: log as unknown as ScopeLog,
    });
    opened.push(publisher);
    this.publishers.push(publisher);
    publisher.publish(roots);
    return publisher;
  }

  put(object: KubeObject): void {
    const { namespace = '' } = object.metadata;
    this.maps.set(namespace, { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.version) } });
    for (const publisher of this.publishers) publisher.look();
  }

  /** As somebody who knows nothing of owners: what is not his stays. */
  overwrite(namespace: string, data: string): void {
    const map = this.maps.get(namespace) as KubeObject;
    this.put({ ...map, data: { [rootsKey]: data } });
  }

  rootsIn(namespace: string): string {
    return ((this.maps.get(namespace)?.data ?? {}) as Record<string, string>)[rootsKey] ?? '';
  }

  ownerOf(namespace: string): string | undefined {
    return this.maps.get(namespace)?.metadata.annotations?.[ownerAnnotation];
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left >= 0; left -= 500) await this.clock.pass(Math.min(500, left));
  }
}

describe('two control planes in one cluster', () => {
  it('each have their own namespace, and every other one is whose it was first', async () => {
    const cluster = new Cluster();
    cluster.controlPlane('istio-system', ours);
    await cluster.pass(5_000);
    cluster.controlPlane('mesh-b', theirs);
    await cluster.pass(10 * minute);
    expect(cluster.namespaces.map((namespace) => cluster.ownerOf(namespace))).toEqual(['istio-system', 'mesh-b', 'istio-system', 'istio-system']);
    expect([cluster.rootsIn('mesh-b'), cluster.rootsIn('shop')]).toEqual([theirs, ours]);
    expect(cluster.writes).toHaveLength(5);
    // Who yields says to whom, and once.
    expect(cluster.warnings).toHaveLength(1);
    expect(cluster.warnings[0]).toContain(`mesh-b: ConfigMap ${rootsConfigMap} of 2 namespaces (shop, pay) is that of the control plane of weft`);
    expect(cluster.warnings[0]).toContain('in namespace istio-system, and stays as it is');
  });

  it('that come at the same time do not fight', async () => {
    const cluster = new Cluster();
    cluster.controlPlane('istio-system', ours);
    cluster.controlPlane('mesh-b', theirs);
    await cluster.pass(10 * minute);
    expect(cluster.writes.length).toBeLessThanOrEqual(12);
    expect(cluster.namespaces.slice(0, 2).map((namespace) => cluster.ownerOf(namespace))).toEqual(['istio-system', 'mesh-b']);
    const settled = cluster.writes.length;
    await cluster.pass(60 * minute);
    expect(cluster.writes).toHaveLength(settled);
  });

  it('yield to each other in nothing that is gone', async () => {
    const cluster = new Cluster();
    const first = cluster.controlPlane('istio-system', ours);
    await cluster.pass(5_000);
    const second = cluster.controlPlane('mesh-b', theirs);
    await cluster.pass(5_000);
    await first.stop();
    cluster.services = cluster.services.filter(({ namespace }) => namespace !== 'istio-system');
    second.look();
    await cluster.pass(5_000);
    expect(cluster.namespaces.map((namespace) => cluster.rootsIn(namespace))).toEqual([theirs, theirs, theirs, theirs]);
  });

  it('of one root disturb nobody', async () => {
    const cluster = new Cluster();
    cluster.controlPlane('istio-system', ours);
    await cluster.pass(5_000);
    cluster.controlPlane('mesh-b', ours);
    await cluster.pass(10 * minute);
    expect(cluster.warnings).toEqual([]);
    // With another one beside it that only the first knows.
    cluster.overwrite('shop', `${ours}${theirs}`);
    cluster.services = cluster.services.filter(({ namespace }) => namespace !== 'istio-system');
    expect(cluster.warnings).toEqual([]);
  });
});

describe('an Istio beside it', () => {
  const made = (namespace: string, data: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name: rootsConfigMap, labels: { 'istio.io/config': 'true' } },
    data: { [rootsKey]: data },
  });

  it('keeps what it has made, as long as it is there', async () => {
    const cluster = new Cluster();
    cluster.services.push({ program: 'istio', namespace: 'istio-a' });
    cluster.put(made('shop', theirs));
    const publisher = cluster.controlPlane('istio-system', ours);
    await cluster.pass(10 * minute);
    expect([cluster.rootsIn('shop'), cluster.rootsIn('pay')]).toEqual([theirs, ours]);
    expect(cluster.warnings[0]).toContain('of namespace shop is that of the control plane of Istio in namespace istio-a');
    cluster.services = cluster.services.filter(({ program }) => program !== 'istio');
    publisher.look();
    await cluster.pass(5_000);
    expect(cluster.rootsIn('shop')).toBe(ours);
  });

  it('that has the same roots is not written over', async () => {
    const cluster = new Cluster();
    cluster.put(made('shop', ours));
    cluster.controlPlane('istio-system', ours);
    await cluster.pass(minute);
    expect(cluster.writes).not.toContain('istio-system in shop');
  });
});

describe('somebody who writes there', () => {
  it('once is put right at once; again and again, more and more seldom, and that is told', async () => {
    const cluster = new Cluster();
    cluster.controlPlane('istio-system', ours);
    await cluster.pass(5_000);
    cluster.overwrite('shop', 'x');
    await cluster.pass(2_000);
    expect(cluster.rootsIn('shop')).toBe(ours);
    expect(cluster.warnings).toEqual([]);
    const before = cluster.writes.length;
    for (let second = 0; second < 1_200; second++) {
      if (cluster.rootsIn('shop') !== 'x') cluster.overwrite('shop', 'x');
      await cluster.pass(1_000);
    }
    const rounds = cluster.writes.length - before;
    expect(rounds).toBeGreaterThan(5);
    expect(rounds).toBeLessThan(15);
    expect(cluster.warnings).toHaveLength(1);
    expect(cluster.warnings[0]).toContain('somebody else writes ConfigMap istio-ca-root-cert of namespace shop again and again');
    // Others do not wait for it.
    cluster.namespaces.push('late');
    cluster.overwrite('shop', 'y');
    await cluster.pass(3_000);
    expect(cluster.rootsIn('late')).toBe(ours);
    // It ends when the other one does.
    await cluster.pass(10 * minute);
    expect(cluster.rootsIn('shop')).toBe(ours);
  });

  it('has no say by a name alone: there has to be such a control plane', async () => {
    const cluster = new Cluster();
    cluster.controlPlane('istio-system', ours);
    await cluster.pass(5_000);
    const map = cluster.maps.get('shop') as KubeObject;
    cluster.put({ ...map, metadata: { ...map.metadata, annotations: { [ownerAnnotation]: 'nowhere' } }, data: { [rootsKey]: theirs } });
    await cluster.pass(5_000);
    expect([cluster.rootsIn('shop'), cluster.ownerOf('shop')]).toEqual([ours, 'istio-system']);
  });
});

it.each([
  ['weft-controller', 'weft'],
  ['weft-controller-canary', 'weft'],
  ['istiod', 'istio'],
  ['istiod-1-28', 'istio'],
  ['istiodx', undefined],
  ['my-weft-controller', undefined],
])('Service %s is that of a control plane of %s', (name, program) => expect(controlPlaneOf('a', name)?.program).toBe(program));
