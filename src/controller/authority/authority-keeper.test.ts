import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../envoy/xds/fake-clock.ts';
import { KubeError } from '../../kube/error.ts';
import type { KubeObject } from '../../kube/object.ts';
import { issueAuthority } from '../../pki/issue.ts';
import { certificatesOf, type KeyPair } from '../../pki/pem.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import { AuthorityKeeper, type AuthorityState } from './authority-keeper.ts';
import { type RootTimes, rootStateIn } from './root-rotation.ts';

const minute = 60_000;
const hour = 60 * minute;
const start = Date.parse('2030-01-01T00:00:00Z');
const times: RootTimes = { lifetimeMs: 300 * hour, overlapMs: 10 * hour, formerMs: 20 * hour };

const opened: AuthorityKeeper[] = [];
afterEach(async () => {
  for (const keeper of opened.splice(0)) await keeper.stop();
});

const plugged = ({ certificate, key }: KeyPair, roots = certificate): KubeObject => {
  const texts = { 'ca-cert.pem': certificate, 'ca-key.pem': key, 'root-cert.pem': roots, 'cert-chain.pem': '' };
  const data = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('base64')]));
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'istio-system', name: 'cacerts' }, data };
};

/** A keeper with the Secret of its root; the watch tells it of what it writes. */
function setUp({ mayWrite = true } = {}) {
  const clock = new FakeClock(start);
  const lines: string[] = [];
  const say = (text: string): void => void lines.push(text);
  const log = { debug: say, info: say, warning: say, error: say } as unknown as ScopeLog;
  const cluster = {
    secret: undefined as KubeObject | undefined,
    version: 0,
    problem: undefined as KubeError | undefined,
    /** What happens after a write, before its answer is there. */
    meanwhile: () => {},
  };
  const states: AuthorityState[] = [];
  const write = async (data: Record<string, string>): Promise<KubeObject> => {
    if (cluster.problem) throw cluster.problem;
    const metadata = { namespace: 'istio-system', name: 'istio-ca-secret', resourceVersion: String(++cluster.version) };
    const written = { apiVersion: 'v1', kind: 'Secret', metadata, data };
    cluster.secret = written;
    cluster.meanwhile();
    return written;
  };
  const keeper = new AuthorityKeeper({
    secrets: { create: write, update: (_, data) => write(data) },
    clock,
    times,
    mayWrite: () => mayWrite,
    changed: (state) => states.push(state),
    log,
  });
  opened.push(keeper);
  /** Keys take their time. */
  const pass = async (ms: number): Promise<void> => {
    await clock.pass(ms);
    do {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await clock.pass(0);
    } while (Reflect.get(Reflect.get(keeper, 'upkeep'), 'looking') !== undefined);
  };
  return { clock, keeper, cluster, lines, states, pass };
}

const signing = ({ keeper }: ReturnType<typeof setUp>): string | undefined => keeper.state?.authority.pair.certificate;
const trusted = ({ keeper }: ReturnType<typeof setUp>): string[] => certificatesOf(keeper.state?.roots ?? '');

describe('the root that is made here', () => {
  it('is written once, and written again as it was where somebody deletes or breaks it', async () => {
    const world = setUp();
    world.keeper.start();
    await world.pass(0);
    const made = signing(world);
    expect(rootStateIn(world.cluster.secret?.data as Record<string, unknown>)?.authority.certificate).toBe(made);
    for (const found of [undefined, { ...(world.cluster.secret as KubeObject), data: { 'ca-cert.pem': 'eA==' } }]) {
      world.keeper.setRoot(found);
      await world.pass(0);
      expect(rootStateIn(world.cluster.secret?.data as Record<string, unknown>)?.authority.certificate).toBe(made);
    }
    expect(world.states).toHaveLength(1);
  });

  it.each([
    ['deletes', () => undefined],
    ['breaks', (secret: KubeObject | undefined) => ({ ...(secret as KubeObject), data: { 'ca-cert.pem': 'eA==' } })],
  ])('is written again where somebody %s it before it is known that it was written', async (_, after) => {
    const world = setUp();
    const { cluster, keeper } = world;
    cluster.meanwhile = () => {
      cluster.meanwhile = () => {};
      for (const change of [(secret: KubeObject | undefined) => secret, after]) {
        cluster.secret = change(cluster.secret);
        keeper.setRoot(cluster.secret);
      }
    };
    keeper.start();
    await world.pass(0);
    expect(cluster.version).toBe(2);
    expect(signing(world)).toBeDefined();
    expect(rootStateIn(cluster.secret?.data as Record<string, unknown>)?.authority.certificate).toBe(signing(world));
    expect(world.states).toHaveLength(1);
  });

  it('is the one that there is, and only who leads renews it', async () => {
    const first = setUp();
    first.keeper.start();
    await first.pass(0);
    const second = setUp({ mayWrite: false });
    second.keeper.setRoot(first.cluster.secret);
    second.keeper.start();
    await second.pass(0);
    expect(signing(second)).toBe(signing(first));
    await second.pass(250 * hour);
    expect(second.cluster.version).toBe(0);
  });

  it('is tried again where it cannot be written, which is told once', async () => {
    const world = setUp();
    world.cluster.problem = new KubeError('nobody there', { reason: 'Unreachable' });
    world.keeper.start();
    await world.pass(10 * minute);
    expect(world.keeper.state).toBeUndefined();
    expect(world.lines.filter((line) => line.includes('nobody there'))).toHaveLength(1);
    world.cluster.problem = undefined;
    await world.pass(minute);
    expect(world.keeper.state).toBeDefined();
  });
});

describe('the authority of a user', () => {
  it('signs at once where there was none before, and no root is made', async () => {
    const world = setUp();
    const own = await issueAuthority('user', start);
    world.keeper.setPlugged(plugged(own));
    world.keeper.start();
    await world.pass(0);
    expect([signing(world), trusted(world), world.cluster.version]).toEqual([own.certificate, [own.certificate], 0]);
    expect(world.keeper.state?.plugged).toBe(true);
  });

  it('signs only when its roots were published for a while, where there was another one', async () => {
    const world = setUp();
    world.keeper.start();
    await world.pass(0);
    const before = signing(world) as string;
    const user = await issueAuthority('user', start);
    world.keeper.setPlugged(plugged(user));
    await world.pass(9 * minute);
    expect([signing(world), trusted(world)]).toEqual([before, [before, user.certificate]]);
    await world.pass(2 * minute);
    expect(signing(world)).toBe(user.certificate);
    expect(trusted(world)).toContain(before);
    // And back again: both are trusted as long as something is in use that they signed.
    world.keeper.setPlugged(undefined);
    await world.pass(5 * minute);
    expect(signing(world)).toBe(before);
    expect(trusted(world)).toContain(user.certificate);
    await world.pass(21 * hour);
    expect(trusted(world)).toEqual([before]);
  });

  it('takes the place of another one with the same root at once', async () => {
    const world = setUp();
    const root = await issueAuthority('user', start);
    const other = await issueAuthority('other', start);
    world.keeper.setPlugged(plugged(root, `${root.certificate}${other.certificate}`));
    world.keeper.start();
    await world.pass(0);
    world.keeper.setPlugged(plugged(other, `${root.certificate}${other.certificate}`));
    await world.pass(0);
    expect(signing(world)).toBe(other.certificate);
  });

  it('that is broken never signs: none does, or the one before', async () => {
    const world = setUp();
    const user = await issueAuthority('user', start);
    const broken = plugged({ certificate: user.certificate, key: (await issueAuthority('other', start)).key });
    world.keeper.setPlugged(broken);
    world.keeper.start();
    await world.pass(0);
    expect(world.keeper.state).toBeUndefined();
    expect(world.keeper.problem).toBe('Secret istio-system/cacerts: ca-key.pem is not the key of ca-cert.pem');
    expect(world.lines.join()).toContain('no certificates are given out before it is repaired');
    world.keeper.setPlugged(plugged(user));
    await world.pass(0);
    expect([signing(world), world.keeper.problem]).toEqual([user.certificate, undefined]);
    world.keeper.setPlugged(broken);
    await world.pass(hour);
    expect(signing(world)).toBe(user.certificate);
    expect(world.lines.join()).not.toContain('PRIVATE KEY');
  });
});
