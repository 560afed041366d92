import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cidrContains, parseCidr, parseIp } from './ip.ts';

describe('parseIp', () => {
  it.each([
    ['10.96.0.1', [10, 96, 0, 1]],
    ['::ffff:10.96.0.1', [10, 96, 0, 1]],
    ['::1', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['2001:db8::8:0:0', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]],
    ['fe80::1%eth0', [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
  ])('%s', (text, bytes) => expect([...(parseIp(text) ?? [])]).toEqual(bytes));

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    'a.b.c.d',
    ':',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '::1.2.3',
    'shop.test',
  ])('not %j', (text) => expect(parseIp(text)).toBeUndefined());

  it('agrees with Node on what is an address', () => {
    const texts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,20}$/));
    fc.assert(
      fc.property(texts, (text) => (parseIp(text) !== undefined) === (isIP(text) !== 0)),
      { numRuns: 2000 },
    );
  });
});

describe('CIDR blocks', () => {
  it.each([
    ['10.96.0.0/24', '10.96.0.255', true],
    ['10.96.0.0/24', '10.96.1.0', false],
    ['10.96.0.0/15', '10.97.3.4', true],
    ['10.96.0.10', '10.96.0.10', true],
    ['10.96.0.10', '10.96.0.11', false],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', '::1', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::ffff:10.0.0.0/104', '10.200.0.1', true],
  ])('%s %s', (block, address, expected) => {
    expect(cidrContains(parseCidr(block) as never, parseIp(address) as Uint8Array)).toBe(expected);
  });

  it.each(['10.0.0.0/33', '::/129', '10.0.0.0/-1', '10.0.0.0/a', '10.0.0.0/', 'x/8', '::ffff:10.0.0.0/8'])('not %s', (text) =>
    expect(parseCidr(text)).toBeUndefined(),
  );
});
