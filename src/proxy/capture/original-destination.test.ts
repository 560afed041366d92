import { describe, expect, it } from 'vitest';
import { addressOf, originalDestinationReader } from './original-destination.ts';

const socket = (fields: object): never => fields as never;

describe('addressOf', () => {
  it.each([
    ['IPv4', [2, 0, 0x1f, 0x90, 10, 96, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0], { address: '10.96.0.10', port: 8080 }],
    ['IPv6', [10, 0, 0x01, 0xbb, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], { address: '2001:db8::1', port: 443 }],
    ['another family', [1, 0, 0, 0], undefined],
  ])('%s', (_, bytes, expected) => {
    const value = Buffer.alloc(28);
    value.set(bytes);
    expect(addressOf(value)).toEqual(expected);
  });
});

describe('originalDestinationReader', () => {
  it('SEL-R40: with TPROXY the own address of the socket is where the client meant to connect', () => {
    const read = originalDestinationReader('tproxy');
    expect(read(socket({ localAddress: '::ffff:10.96.0.10', localPort: 80 }))).toEqual({ address: '10.96.0.10', port: 80 });
    expect(read(socket({}))).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('a socket that is closed has none', () => {
    expect(originalDestinationReader('redirect')(socket({ _handle: null }))).toBeUndefined();
  });
});
