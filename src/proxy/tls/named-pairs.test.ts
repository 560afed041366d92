import { beforeAll, expect, it } from 'vitest';
import { pairOf, TestAuthority } from '../../../test/proxy/tls/identities.ts';
import type { KeyPair } from './credentials.ts';
import { NamedPairs } from './named-pairs.ts';

let pairs: Record<string, KeyPair>;

beforeAll(async () => {
  const authority = await TestAuthority.create();
  pairs = {
    a: pairOf(await authority.server('a.example', '*.wild.example')),
    again: pairOf(await authority.server('a.example', 'again.example')),
    rsa: pairOf(await authority.rsaServer('a.example')),
    b: pairOf(await authority.server('B.example')),
    nameless: pairOf(await authority.workload('ns/shop/sa/a')),
  };
});

it.each<[string, string[], string, string[]]>([
  ['by its name', ['a', 'b'], 'b.example', ['b']],
  ['one of each kind of key, the first', ['a', 'again', 'rsa'], 'a.example', ['a', 'rsa']],
  ['another name of the second', ['a', 'again', 'rsa'], 'again.example', ['again']],
  ['a wildcard', ['b', 'a'], 'x.wild.example', ['a']],
  ['which is one label', ['b', 'a'], 'y.x.wild.example', ['b']],
  ['and not the domain itself', ['b', 'a'], 'wild.example', ['b']],
  ['a name that none has: the first', ['rsa', 'a'], 'c.example', ['rsa']],
  ['no name: each', ['rsa', 'a'], '', ['rsa', 'a']],
  ['one alone, whatever its names', ['a'], 'c.example', ['a']],
  ['names of other kinds are none', ['nameless', 'b'], 'b.example', ['b']],
  ['a name that is no domain', ['b', 'a'], 'localhost', ['b']],
])('%s', (_, given, name, expected) => {
  const list = given.map((one) => pairs[one] as KeyPair);
  const found = new NamedPairs(list).shownFor(name).map((pair) => Object.keys(pairs).find((one) => pairs[one] === pair));
  expect(found).toEqual(expected);
});
