// For tests of tokens and their keys.
import type { JwtProvider, KeySource } from '../../ir/authentication.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { ExchangeRecord } from '../core/exchange-record.ts';
import { pathEndOf } from '../core/path.ts';
import type { TokenCheck } from './token-check.ts';

/** Time that passes when a test says so; what its timers begin is done before it goes on. */
export class PassingClock implements Clock {
  private time = 0;
  private readonly timers = new Set<{ at: number; fire: () => void }>();

  now(): number {
    return this.time;
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.time;
  }

  setTimer(ms: number, fire: () => void): Timer {
    const timer = { at: this.time + ms, fire };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settled();
      const [next] = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.timers.delete(next);
      this.time = next.at;
      next.fire();
    }
    this.time = end;
  }
}

/** What was begun, and needs no time, is done. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

export function tokenRequest(path: string, ...headers: string[]): ExchangeRecord {
  const record = new ExchangeRecord();
  Object.assign(record, { method: 'GET', path, pathEnd: pathEndOf(path), authority: 'shop', scheme: 'http', headers });
  return record;
}

export function tokenProvider(issuer: string, keys: KeySource, more: Partial<JwtProvider> = {}): JwtProvider {
  const origin = { kind: 'RequestAuthentication', namespace: 'shop', name: 'jwt', path: [] };
  const none = { audiences: [], headers: [], params: [], cookies: [], claimHeaders: [], spaceDelimitedClaims: ['permission', 'scope'] };
  return { name: 'origins-0', issuer, keys, forward: false, origin, ...none, ...more };
}

export interface Checked {
  /** Undefined: the request passes. */
  denied: { status: number; body: string; details: string; leading: readonly string[] } | undefined;
  /** Nothing had to be waited for. */
  atOnce: boolean;
}

export function askTokens(check: TokenCheck, record: ExchangeRecord): Promise<Checked> {
  return new Promise((resolve) => {
    let atOnce = true;
    check.check(record, (denial) => {
      const { status, body, details, leading } = denial ?? {};
      const denied = denial && { status: status as number, body: new TextDecoder().decode(body), details: details as string, leading: leading ?? [] };
      resolve({ denied, atOnce });
    });
    atOnce = false;
  });
}
