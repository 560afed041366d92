import { describe, expect, it } from 'vitest';
import { FakeClock } from '../envoy/xds/fake-clock.ts';
import { issueAuthority } from '../pki/issue.ts';
import type { SignedIdentity } from '../pki/signing/client.ts';
import type { ScopeLog } from '../proxy/telemetry/log.ts';
import { WorkloadIdentity } from './workload-identity.ts';

const hour = 60 * 60 * 1000;
const start = Date.parse('2030-01-01T00:00:00Z');
const rootOf = async (name: string): Promise<string> => (await issueAuthority(name, start)).certificate;

/** An authority that answers, or says why not. @param aheadMs of its clock */
async function setUp({ lifetimeMs = 24 * hour, random = (): number => 0, aheadMs = 0 } = {}) {
  const clock = new FakeClock(start);
  const lines: string[] = [];
  const say = (text: string): void => void lines.push(text);
  const log = { debug: say, info: say, warning: say, error: say } as unknown as ScopeLog;
  const state = { asked: 0, problem: undefined as string | undefined, roots: await rootOf('a'), fileRoots: '', jumpMs: 0 };
  /** Timers know nothing of a jump. */
  const wall = { now: () => clock.now() + state.jumpMs, after: (ms: number, call: () => void) => clock.after(ms, call) };
  const identity = new WorkloadIdentity({
    request: async (): Promise<SignedIdentity> => {
      state.asked++;
      if (state.problem !== undefined) throw new Error(state.problem);
      const [now, spiffeId] = [wall.now() + aheadMs, 'spiffe://cluster.local/ns/shop/sa/cart'];
      return { certificateChain: `chain ${state.asked}`, privateKey: 'key', roots: state.roots, spiffeId, issuedAt: now, expiresAt: now + lifetimeMs };
    },
    roots: async () => state.fileRoots,
    clock: wall,
    random,
    log,
  });
  let changes = 0;
  identity.onChange(() => changes++);
  return { clock, identity, state, lines, changes: () => changes };
}

describe('the identity of a workload', () => {
  it('is asked for at once, and renewed at half of its life', async () => {
    const { clock, identity, state, changes } = await setUp();
    expect(identity.workload()).toBeUndefined();
    identity.start();
    await clock.pass(0);
    expect(identity.workload()?.certificateChain).toBe('chain 1');
    await clock.pass(12 * hour - 1);
    expect(state.asked).toBe(1);
    await clock.pass(2);
    expect(identity.workload()?.certificateChain).toBe('chain 2');
    expect(changes()).toBe(2);
    identity.stop();
  });

  it('is kept while there is no control plane, which is asked less and less often', async () => {
    const { clock, identity, state, lines } = await setUp();
    identity.start();
    await clock.pass(0);
    state.problem = 'nobody there';
    await clock.pass(13 * hour);
    expect(identity.workload()?.certificateChain).toBe('chain 1');
    expect(state.asked).toBeGreaterThan(100);
    expect(state.asked).toBeLessThan(300);
    expect(lines.filter((line) => line.includes('nobody there'))).toHaveLength(1);
    expect(lines.join()).toContain('the one there is goes on until');
    state.problem = undefined;
    await clock.pass(60_000);
    expect(identity.workload()?.certificateChain).toBe(`chain ${state.asked}`);
    identity.stop();
  });

  it('does not ask without an end where the certificate has expired before it came', async () => {
    const { clock, identity, state } = await setUp({ lifetimeMs: -hour });
    identity.start();
    await clock.pass(10_000);
    expect(state.asked).toBeLessThanOrEqual(21);
    identity.stop();
  });

  it.each([60_000, -60_000])('is valid by both clocks all the while, also where that of the authority goes before by %d ms', async (aheadMs) => {
    for (const random of [() => 0, () => 0.999]) {
      const { clock, identity, state } = await setUp({ lifetimeMs: 5 * 60_000, aheadMs, random });
      identity.start();
      await clock.pass(0);
      for (let i = 0; i < 180; i++) {
        await clock.pass(10_000);
        expect(identity.workload()?.expiresAt).toBeGreaterThan(Math.max(clock.now(), clock.now() + aheadMs));
      }
      expect(state.asked).toBeGreaterThanOrEqual(8);
      expect(state.asked).toBeLessThanOrEqual(20);
      identity.stop();
    }
  });

  it('trusts the roots of its certificate and those of the file, each once', async () => {
    const { clock, identity, state, changes } = await setUp();
    identity.start();
    await clock.pass(0);
    expect(identity.workload()?.roots).toBe(state.roots);
    const other = await rootOf('b');
    state.fileRoots = `${state.roots}${other}`;
    await clock.pass(6_000);
    expect(identity.workload()?.roots).toBe(`${state.roots}${other}`);
    expect(changes()).toBe(2);
    await clock.pass(60_000);
    expect(changes()).toBe(2);
    identity.stop();
  });

  it('is renewed at once where the machine has slept over the time, or its clock was set', async () => {
    const { clock, identity, state } = await setUp();
    identity.start();
    await clock.pass(hour);
    state.jumpMs = 30 * hour;
    await clock.pass(10_000);
    expect(state.asked).toBe(2);
    expect(identity.workload()?.expiresAt).toBeGreaterThan(clock.now() + state.jumpMs);
    await clock.pass(hour);
    expect(state.asked).toBe(2);
    identity.stop();
  });

  it('asks for nothing after its end', async () => {
    const { clock, identity, state } = await setUp();
    identity.start();
    await clock.pass(0);
    identity.stop();
    await clock.pass(48 * hour);
    expect(state.asked).toBe(1);
  });
});
