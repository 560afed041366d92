import type { Clock } from './clock.ts';

/** A clock that passes when a test says so; what its calls begin is done before it goes on. */
export class FakeClock implements Clock {
  private time: number;
  private readonly calls = new Map<object, { at: number; call: () => void }>();

  constructor(time = 0) {
    this.time = time;
  }

  now(): number {
    return this.time;
  }

  after(ms: number, call: () => void): () => void {
    const key = {};
    this.calls.set(key, { at: this.time + ms, call });
    return () => this.calls.delete(key);
  }

  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settle();
      const [next] = [...this.calls].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (!next) break;
      const [key, { at, call }] = next;
      this.calls.delete(key);
      this.time = Math.max(this.time, at);
      call();
    }
    this.time = end;
    await settle();
  }

  /** As a machine that was suspended: what was due meanwhile is called once. */
  async skip(ms: number): Promise<void> {
    this.time += ms;
    await this.pass(0);
  }
}

/** Promises that wait for nothing else are settled after it. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
