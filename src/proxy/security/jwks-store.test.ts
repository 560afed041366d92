import { describe, expect, it } from 'vitest';
import { keySet, keys } from '../../../test/jwt/keys.ts';
import type { KeySource } from '../../ir/authentication.ts';
import { KeySet } from '../core/jwt/key-set.ts';
import type { RemoteSource } from './fetch-keys.ts';
import { JwksStore } from './jwks-store.ts';
import { PassingClock, settled } from './testing.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const source = (name: string): RemoteSource => ({ kind: 'remote', uri: `https://${name}/keys`, timeoutMs: 5000 });
const inline = (jwks: string): KeySource => ({ kind: 'inline', jwks });
const setOf = (...kids: string[]): KeySet => KeySet.parse(keySet(...kids.map((kid) => ({ ...keys.p256.jwk, kid })))) as KeySet;
const kids = (set: KeySet | undefined): string | undefined => set?.keys.map(({ kid }) => kid).join(' ');

/** Issuers as they answer now; `undefined`: not yet. */
function world(answers: Record<string, KeySet | Error | undefined>) {
  const clock = new PassingClock();
  const asked: string[] = [];
  const told: string[] = [];
  const changed: string[] = [];
  const waiting: (() => void)[] = [];
  const aborted: string[] = [];
  const store = new JwksStore({
    clock,
    random: () => 0.5,
    async fetch(one, signal) {
      const name = one.kind === 'remote' ? one.uri : one.issuer;
      asked.push(name);
      signal.addEventListener('abort', () => aborted.push(name));
      while (answers[name] === undefined) await new Promise<void>((resolve) => waiting.push(resolve));
      const answer = answers[name];
      if (answer instanceof KeySet) return answer;
      throw answer ?? new Error('no answer');
    },
    tell: (text) => told.push(text),
    changed: (one) => changed.push(one.kind === 'remote' ? one.uri : one.issuer),
  });
  const answer = async (name: string, value: KeySet | Error): Promise<void> => {
    answers[name] = value;
    for (const go of waiting.splice(0)) go();
    await settled();
  };
  return { clock, asked, told, changed, aborted, store, answer };
}

const atA = 'https://a/keys';
const a = source('a');
const gone = new Error('https://a/keys cannot be asked: gone');

describe('keys are fetched', () => {
  it('when a table names them, once for all rules that do', async () => {
    const { store, asked } = world({ [atA]: setOf('1') });
    store.retain([a, { ...a }]);
    expect(store.keys(a)).toBeUndefined();
    await store.first(a);
    expect(kids(store.keys({ ...a }))).toBe('1');
    store.retain([a]);
    await settled();
    expect(asked).toHaveLength(1);
  });

  it('every 20 minutes, and are the same object where they are the same', async () => {
    const { store, clock, asked, answer, changed } = world({ [atA]: setOf('1') });
    store.retain([a]);
    await settled();
    const first = store.keys(a);
    await clock.pass(61 * minute);
    expect(asked).toHaveLength(4);
    expect(store.keys(a)).toBe(first);
    expect(changed).toHaveLength(1);
    await answer(atA, setOf('2'));
    await clock.pass(20 * minute);
    expect(kids(store.keys(a))).toBe('2');
    expect(changed).toHaveLength(2);
  });

  it('again after a failure: after a second, then less and less often, at least each minute', async () => {
    const { store, clock, asked, answer, told } = world({ [atA]: gone });
    store.retain([a]);
    const times: number[] = [];
    for (let time = 0; time < 5 * minute; time += 100) {
      await clock.pass(100);
      while (times.length < asked.length) times.push(Math.round(time / 1000));
    }
    expect(times.slice(0, 9)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
    expect(told).toEqual(['no keys for tokens: https://a/keys cannot be asked: gone']);
    await answer(atA, setOf('1'));
    await clock.pass(minute);
    expect(kids(store.keys(a))).toBe('1');
    expect(told.at(-1)).toBe('there are keys of https://a/keys again');
  });

  it('16 at a time', async () => {
    const { store, asked, answer } = world({});
    store.retain(Array.from({ length: 20 }, (_, i) => source(String(i))));
    await settled();
    expect(asked).toHaveLength(16);
    await answer('https://2/keys', setOf('x'));
    expect(asked).toHaveLength(17);
  });

  it('of a thousand sources at most', () => {
    const { store } = world({});
    store.retain(Array.from({ length: 1001 }, (_, i) => source(String(i))));
    expect(store.first(source('999'))).toBeDefined();
    expect(store.first(source('1000'))).toBeUndefined();
  });
});

describe('a source that is gone', () => {
  it('keeps its last keys for a week', async () => {
    const { store, clock, answer, changed, told } = world({ [atA]: setOf('1') });
    store.retain([a]);
    await settled();
    await answer(atA, gone);
    await clock.pass(6 * day);
    expect(kids(store.keys(a))).toBe('1');
    expect(told).toEqual(['no keys for tokens: https://a/keys cannot be asked: gone; the last ones stay in use']);
    await clock.pass(2 * day);
    expect(store.keys(a)).toBeUndefined();
    expect(changed).toHaveLength(2);
  });

  it('that was never there has none', async () => {
    const { store, clock } = world({ [atA]: gone });
    store.retain([a]);
    await clock.pass(minute);
    expect(store.keys(a)).toBeUndefined();
    expect(store.first(a)).toBeUndefined();
  });
});

describe('for a key that is not there', () => {
  it('a source is asked again, but not more than each 10 seconds', async () => {
    const { store, clock, asked, answer } = world({ [atA]: setOf('1') });
    store.retain([a]);
    await settled();
    expect(store.renew(a)).toBeUndefined();
    await clock.pass(10_000);
    await answer(atA, setOf('1', '2'));
    const renewed = store.renew(a);
    expect(store.renew(a)).toBe(renewed);
    await renewed;
    expect(kids(store.keys(a))).toBe('1 2');
    for (let i = 0; i < 100; i++) expect(store.renew(a)).toBeUndefined();
    expect(asked).toHaveLength(2);
  });

  it('keys that are written down are not asked for', () => {
    const { store } = world({});
    store.retain([inline(keySet(keys.p256.jwk))]);
    expect(store.renew(inline(keySet(keys.p256.jwk)))).toBeUndefined();
    expect(store.first(inline(keySet(keys.p256.jwk)))).toBeUndefined();
  });
});

describe('what no table names any more', () => {
  it('goes, and nobody is asked for it', async () => {
    const { store, clock, asked, aborted, answer } = world({});
    store.retain([a, source('b')]);
    await settled();
    store.retain([source('b')]);
    expect(aborted).toEqual([atA]);
    await answer(atA, setOf('1'));
    await clock.pass(day);
    expect(store.keys(a)).toBeUndefined();
    expect(asked.filter((name) => name === atA)).toHaveLength(1);
  });

  it('is not waited for', async () => {
    const { store } = world({});
    store.retain([a]);
    const first = store.first(a);
    store.close();
    await expect(first).resolves.toBeUndefined();
  });
});

describe('all that is there is waited for', () => {
  it('until every source has answered', async () => {
    const { store, answer } = world({ [atA]: gone });
    store.retain([a, source('b')]);
    let done = false;
    const settling = store.settled(1000).then(() => {
      done = true;
    });
    await settled();
    expect(done).toBe(false);
    await answer('https://b/keys', setOf('1'));
    await settling;
  });

  it('but not for ever', async () => {
    const { store, clock } = world({});
    store.retain([a]);
    const settling = store.settled(1000);
    await clock.pass(1000);
    await settling;
  });
});

it('keys that are written down are read once, and what is no key set has none', () => {
  const { store } = world({});
  const text = keySet({ ...keys.p256.jwk, kid: 'x' });
  store.retain([inline(text), inline('{}')]);
  expect(kids(store.keys(inline(text)))).toBe('x');
  expect(store.keys(inline(text))).toBe(store.keys(inline(text)));
  expect(store.keys(inline('{}'))).toBeUndefined();
});
