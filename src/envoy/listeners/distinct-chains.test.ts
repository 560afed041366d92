import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FilterChain, FilterChainMatch } from '../../ir/listener.ts';
import { distinctChains } from './distinct-chains.ts';
import { canonicalRange } from './ranges.ts';

const filter: FilterChain['filter'] = { kind: 'tcp', clusters: [{ cluster: 'c', weight: 1 }], statPrefix: 'c', hashSourceIp: false };
const distinct = (...matches: FilterChainMatch[]): FilterChainMatch[] =>
  distinctChains(matches.map((match) => ({ name: '', match, filter }))).map(({ match }) => match);

describe('conditions that two chains share', () => {
  it.each<[string, FilterChainMatch[], FilterChainMatch[]]>([
    ['are of the first', [{}, {}], [{}]],
    ['are taken out of names', [{ serverNames: ['a', 'b'] }, { serverNames: ['b', 'c'] }], [{ serverNames: ['a', 'b'] }, { serverNames: ['c'] }]],
    ['leave nothing', [{ serverNames: ['a', 'b'] }, { serverNames: ['b'] }], [{ serverNames: ['a', 'b'] }]],
    [
      'are taken out of ranges, however they are written',
      [{ destinationCidrs: ['10.1.2.3/8'] }, { destinationCidrs: ['10.0.0.0/8', '11.0.0.0/8'] }],
      [{ destinationCidrs: ['10.1.2.3/8'] }, { destinationCidrs: ['11.0.0.0/8'] }],
    ],
    [
      'are taken out of protocols',
      [{ applicationProtocols: ['istio'] }, { applicationProtocols: ['istio', 'h2'] }],
      [{ applicationProtocols: ['istio'] }, { applicationProtocols: ['h2'] }],
    ],
    ['are none at other ports', [{ destinationPort: 1 }, { destinationPort: 2 }, {}], [{ destinationPort: 1 }, { destinationPort: 2 }, {}]],
    ['are none with another transport', [{ transport: 'tls' }, { transport: 'raw_buffer' }], [{ transport: 'tls' }, { transport: 'raw_buffer' }]],
    [
      'are none where all of one differs',
      [
        { serverNames: ['a'], destinationCidrs: ['10.0.0.0/8'] },
        { serverNames: ['a'], destinationCidrs: ['11.0.0.0/8'] },
      ],
      [
        { serverNames: ['a'], destinationCidrs: ['10.0.0.0/8'] },
        { serverNames: ['a'], destinationCidrs: ['11.0.0.0/8'] },
      ],
    ],
  ])('%s', (_, matches, expected) => {
    expect(distinct(...matches)).toEqual(expected);
  });
});

describe('one chain', () => {
  it.each<[FilterChainMatch, FilterChainMatch[]]>([
    [{ serverNames: ['a', 'a'] }, [{ serverNames: ['a'] }]],
    [{ serverNames: ['*.a', 'b*.a', '*c.a', '*'] }, [{ serverNames: ['*.a'] }]],
    [{ serverNames: ['*c.a'] }, []],
    [{ destinationCidrs: ['10.0.0.0/8', '10.1.0.0/8'] }, [{ destinationCidrs: ['10.1.0.0/8'] }]],
  ])('%j names nothing twice, and only what can be looked for', (match, expected) => {
    expect(distinct(match)).toEqual(expected);
  });
});

describe('of any chains', () => {
  const names = fc.option(fc.array(fc.constantFrom('a', 'b', '*.c', '*d'), { minLength: 1 }), { nil: undefined });
  const ranges = fc.option(fc.array(fc.constantFrom('10.0.0.0/8', '10.9.0.0/8', '11.0.0.0/8'), { minLength: 1 }), { nil: undefined });
  const protocols = fc.option(fc.array(fc.constantFrom('h2', 'istio'), { minLength: 1 }), { nil: undefined });
  const matches = fc.array(
    fc.record({ serverNames: names, destinationCidrs: ranges, applicationProtocols: protocols, destinationPort: fc.constantFrom(undefined, 80) }),
  );
  const connections = ({ serverNames = [''], destinationCidrs = [''], applicationProtocols = [''], destinationPort }: FilterChainMatch): string[] =>
    serverNames.flatMap((name) =>
      destinationCidrs.flatMap((range) => applicationProtocols.map((protocol) => [name, canonicalRange(range), protocol, destinationPort].join())),
    );

  it('no two that are left take the same connection, and none takes more than before', () => {
    fc.assert(
      fc.property(matches, (written) => {
        const left = distinct(...written);
        const all = left.flatMap(connections);
        expect(new Set(all).size).toBe(all.length);
        const before = new Set(written.flatMap(connections));
        for (const one of all) expect(before).toContain(one);
        // The first has all of its own.
        const first = written[0] && distinct(written[0])[0];
        if (first) expect(left[0]).toEqual(first);
      }),
    );
  });
});

describe('ranges of addresses', () => {
  it.each([
    ['10.1.2.3/8', '10.255.0.0/8'],
    ['10.1.2.3/0', '0.0.0.0/0'],
    ['fd00::1/8', 'fdff:1:2:3:4:5:6:7/8'],
    ['::ffff:10.0.0.1/96', '::ffff:0:0/96'],
    ['2001:DB8::/32', '2001:db8:0:0:0:0:0:1/32'],
  ])('%s is %s', (a, b) => {
    expect(canonicalRange(a)).toBe(canonicalRange(b));
  });

  it.each([
    ['10.0.0.0/8', '10.0.0.0/9'],
    ['10.0.0.0/8', '11.0.0.0/8'],
    ['0.0.0.0/0', '::/0'],
    ['::1/128', '::2/128'],
  ])('%s is not %s', (a, b) => {
    expect(canonicalRange(a)).not.toBe(canonicalRange(b));
  });
});
