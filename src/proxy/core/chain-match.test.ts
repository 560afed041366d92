import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FilterChain, FilterChainMatch } from '../../ir/listener.ts';
import { ChainMatcher, type ConnectionTraits } from './chain-match.ts';

const chain = (name: string, match: FilterChainMatch): FilterChain => ({
  name,
  match,
  filter: { kind: 'tcp', clusters: [{ cluster: name, weight: 1 }], statPrefix: name, hashSourceIp: false },
});
const traits = (of: Partial<ConnectionTraits>): ConnectionTraits => ({
  address: '10.96.0.10',
  port: 443,
  serverName: '',
  transport: 'raw_buffer',
  applicationProtocols: [],
  ...of,
});
const find = (matches: Record<string, FilterChainMatch>, of: Partial<ConnectionTraits>, withDefault = false): string | undefined =>
  new ChainMatcher({
    chains: Object.entries(matches).map(([name, match]) => chain(name, match)),
    ...(withDefault ? { defaultChain: chain('default', {}) } : {}),
  }).find(traits(of))?.name;

describe('server names', () => {
  const matches = {
    exact: { serverNames: ['a.wc.com', 'Upper.Test'] },
    wide: { serverNames: ['*.com'] },
    narrow: { serverNames: ['*.wc.com'] },
    any: {},
  };
  it.each([
    ['a.wc.com', 'exact'],
    ['A.WC.COM', 'exact'],
    ['upper.test', 'exact'],
    ['b.wc.com', 'narrow'],
    ['x.b.wc.com', 'narrow'],
    ['wc.com', 'wide'],
    ['com', 'any'],
    ['a.test', 'any'],
    ['', 'any'],
  ])('TCP-R11: %j: exact, else the longest wildcard by labels, else the chain without names', (serverName, expected) => {
    expect(find(matches, { serverName, transport: 'tls' })).toBe(expected);
  });

  it('TCP-R8: `*` takes every name, and none', () => {
    expect(find({ all: { serverNames: ['*'] } }, { serverName: 'a.test' })).toBe('all');
    expect(find({ all: { serverNames: ['*'] } }, {})).toBe('all');
  });

  it('TCP-R8: other server names fall to the default chain', () => {
    expect(find({ a: { serverNames: ['a.test'] } }, { serverName: 'b.test' }, true)).toBe('default');
  });
});

it('SEL-R75: without a chain that matches, and without a default chain, there is none', () => {
  expect(find({ a: { serverNames: ['*.example.com'] } }, { transport: 'raw_buffer' })).toBeUndefined();
  expect(find({}, {})).toBeUndefined();
});

describe('SEL-R44: detected HTTP', () => {
  const matches: Record<string, FilterChainMatch> = { http: { transport: 'raw_buffer', applicationProtocols: ['http/1.1', 'h2c'] } };
  it.each([
    [{ applicationProtocols: ['http/1.1'] }, 'http'],
    [{ applicationProtocols: ['h2c'] }, 'http'],
    [{ applicationProtocols: ['http/1.0'] }, 'default'],
    [{ applicationProtocols: [] }, 'default'],
    [{ applicationProtocols: ['http/1.1'], transport: 'tls' as const }, 'default'],
  ])('%j', (of, expected) => expect(find(matches, of, true)).toBe(expected));
});

describe('precedence', () => {
  it('a destination port comes before everything else, and there is no way back', () => {
    const matches = { port: { destinationPort: 443, serverNames: ['a.test'] }, any: {} };
    expect(find(matches, { serverName: 'a.test' })).toBe('port');
    expect(find(matches, { serverName: 'b.test' })).toBeUndefined();
    expect(find(matches, { serverName: 'b.test', port: 80 })).toBe('any');
  });

  it('TCP-R5: the longest prefix of the original destination, before server names', () => {
    const matches = {
      host: { destinationCidrs: ['10.96.0.10/32'], serverNames: ['a.test'] },
      block: { destinationCidrs: ['10.1.0.0/16', '10.96.0.0/24'] },
      any: {},
    };
    expect(find(matches, { address: '10.96.0.11' })).toBe('block');
    expect(find(matches, { address: '10.1.9.9' })).toBe('block');
    expect(find(matches, { address: '10.97.0.1' })).toBe('any');
    expect(find(matches, { address: '10.96.0.10', serverName: 'a.test' })).toBe('host');
    expect(find(matches, { address: '10.96.0.10', serverName: 'b.test' }, true)).toBe('default');
    expect(find(matches, { address: 'fd00::1' })).toBe('any');
  });

  it('transport before application protocols; the first protocol of the client that a chain names', () => {
    const matches = {
      h2: { transport: 'tls', applicationProtocols: ['h2'] },
      h1: { transport: 'tls', applicationProtocols: ['http/1.1'] },
      tls: { transport: 'tls' },
      any: { applicationProtocols: ['h2'] },
    } as const;
    expect(find(matches, { transport: 'tls', applicationProtocols: ['x', 'http/1.1', 'h2'] })).toBe('h1');
    expect(find(matches, { transport: 'tls', applicationProtocols: ['x'] })).toBe('tls');
    expect(find(matches, { applicationProtocols: ['h2'] })).toBe('any');
  });

  it('of two chains for the same connections the first is taken', () => {
    expect(find({ one: { serverNames: ['a.test'] }, two: { serverNames: ['a.test'] } }, { serverName: 'a.test' })).toBe('one');
  });

  it('a block that cannot be read takes nothing', () => {
    expect(find({ broken: { destinationCidrs: ['x'] } }, {}, true)).toBe('default');
  });
});

it('agrees with a filter of one property after the other', () => {
  const names = ['a.b.c', 'b.c', '*.b.c', '*.c'];
  const match = fc.record(
    {
      destinationPort: fc.constantFrom(1, 2),
      destinationCidrs: fc.subarray(['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/32'], { minLength: 1 }),
      serverNames: fc.subarray(names, { minLength: 1 }),
      transport: fc.constantFrom('tls' as const, 'raw_buffer' as const),
      applicationProtocols: fc.subarray(['h2', 'x'], { minLength: 1 }),
    },
    { requiredKeys: [] },
  );
  const connection = fc.record({
    address: fc.constantFrom('10.1.2.3', '10.1.9.9', '10.9.9.9', '11.0.0.1'),
    port: fc.constantFrom(1, 2, 3),
    serverName: fc.constantFrom('', 'a.b.c', 'x.b.c', 'b.c', 'x.c', 'd'),
    transport: fc.constantFrom('tls' as const, 'raw_buffer' as const),
    applicationProtocols: fc.subarray(['x', 'h2', 'y']),
  });
  fc.assert(
    fc.property(fc.array(match, { maxLength: 6 }), connection, (matches, of) => {
      const chains = matches.map((m, i) => chain(String(i), m));
      expect(new ChainMatcher({ chains }).find(of)?.name).toBe(naive(chains, of)?.name);
    }),
    { numRuns: 2000 },
  );
});

/** Each step keeps the chains with the first value that any of those left has; an undefined value stands for a chain that names none. */
function naive(chains: readonly FilterChain[], of: ConnectionTraits): FilterChain | undefined {
  const dots = of.serverName.split('.').map((_, i, parts) => `*.${parts.slice(i + 1).join('.')}`);
  const steps: [(m: FilterChainMatch) => readonly unknown[], readonly unknown[]][] = [
    [(m) => [m.destinationPort], [of.port, undefined]],
    [
      (m) => m.destinationCidrs ?? [undefined],
      [
        ...(of.address === '10.1.2.3' ? ['10.1.2.3/32'] : []),
        ...(of.address.startsWith('10.1.') ? ['10.1.0.0/16'] : []),
        ...(of.address.startsWith('10.') ? ['10.0.0.0/8'] : []),
        undefined,
      ],
    ],
    [(m) => m.serverNames ?? [undefined], [of.serverName, ...dots, undefined]],
    [(m) => [m.transport], [of.transport, undefined]],
    [(m) => m.applicationProtocols ?? [undefined], [...of.applicationProtocols, undefined]],
  ];
  let left = chains;
  for (const [values, wanted] of steps) {
    const value = wanted.find((w) => left.some(({ match }) => values(match).includes(w)));
    left = left.filter(({ match }) => values(match).includes(value));
  }
  return left[0];
}
