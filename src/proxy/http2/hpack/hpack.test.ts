import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { decodeHuffman } from './huffman.ts';

const wide = { maxBytes: 1 << 20, maxFields: 1000 };
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

function decode(decoder: HpackDecoder, block: Buffer): string[] | undefined {
  const list: string[] = [];
  return decoder.decode(block, 0, block.length, list) ? list : undefined;
}

describe('RFC 7541, appendix C: requests and responses on one connection', () => {
  const request = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'];
  it.each([
    ['plain', ['828684410f7777772e6578616d706c652e636f6d', '828684be58086e6f2d6361636865']],
    ['Huffman', ['828684418cf1e3c2e5f23a6ba0ab90f4ff', '828684be5886a8eb10649cbf']],
  ])('%s', (_, blocks) => {
    const decoder = new HpackDecoder(wide);
    expect(decode(decoder, hex(blocks[0] as string))).toEqual(request);
    expect(decode(decoder, hex(blocks[1] as string))).toEqual([...request, 'cache-control', 'no-cache']);
  });

  it('entries are evicted where the table is small', () => {
    const decoder = new HpackDecoder(wide, 256);
    const first = '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3';
    const date = 'Mon, 21 Oct 2013 20:13:21 GMT';
    const location = 'https://www.example.com';
    expect(decode(decoder, hex(first))).toEqual([':status', '302', 'cache-control', 'private', 'date', date, 'location', location]);
    expect(decode(decoder, hex('4883640effc1c0bf'))).toEqual([':status', '307', 'cache-control', 'private', 'date', date, 'location', location]);
    // The entry `:status: 302` is gone: its index is that of the next one.
    expect(decode(decoder, hex('88c1c0bf'))).toEqual([':status', '200', 'cache-control', 'private', 'date', date, 'location', location]);
  });
});

describe('HpackDecoder', () => {
  it.each([
    ['index 0', '80'],
    ['an index beyond the table', 'be'],
    ['a number without an end', 'ffffffffffffffff'],
    ['a text that is cut', '400a61'],
    ['a size beyond what was allowed', '3fe1ff03'],
    ['a size after a field', '8220'],
    ['padding of eight bits', '400161 82 1fff'],
    ['padding that is not ones', '400161 81 18'],
    ['end of string', '400161 84 ffffffff'],
  ])('%s is no block', (_, block) => expect(decode(new HpackDecoder(wide), hex(block))).toBeUndefined());

  it.each([
    ['upper case', '40014101 61'],
    ['white space in a name', '4003612061 0161'],
    ['an empty name', '4000 0161'],
    ['a colon alone', '40013a 0161'],
    ['a line feed in a value', '400161 03610a61'],
    ['NUL in a value', '400161 0100'],
    ['DEL in a value', '400161 017f'],
  ])('%s is not allowed in HTTP', (_, block) => {
    const decoder = new HpackDecoder(wide);
    expect(decode(decoder, hex(block))).toBeDefined();
    expect(decoder.invalid).toBe(true);
    expect(decode(decoder, hex('82'))).toEqual([':method', 'GET']);
    expect(decoder.invalid).toBe(false);
  });

  it('values lose the white space around them', () => {
    expect(decode(new HpackDecoder(wide), hex('400161 06 20 61 20 62 20 09'))).toEqual(['a', 'a b']);
  });

  it('RT-R50: says which limit a block is beyond, and goes on with the next', () => {
    const encoder = new HpackEncoder();
    const block = (count: number, size: number): Buffer => {
      encoder.begin();
      for (let i = 0; i < count; i++) encoder.add(`x-${i}`, 'v'.repeat(size));
      return Buffer.from(encoder.end());
    };
    const decoder = new HpackDecoder({ maxBytes: 1000, maxFields: 10 });
    decode(decoder, block(3, 400));
    expect(decoder.tooLarge).toBe('bytes');
    decode(decoder, block(11, 1));
    expect(decoder.tooLarge).toBe('fields');
    expect(decode(decoder, block(10, 1))).toHaveLength(20);
    expect(decoder.tooLarge).toBeUndefined();
  });

  it('never throws, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder(wide);
        for (const block of blocks) if (decode(decoder, Buffer.from(block)) === undefined) return;
      }),
      { numRuns: 5000 },
    );
  });
});

describe('HpackEncoder', () => {
  it('what it encodes is decoded to the same, over many blocks and changes of the table', () => {
    const name = fc.constantFrom(':path', ':status', 'date', 'x-request-id', 'x-a', 'authorization', 'cookie', 'x-long-name-that-is-not-known');
    const value = fc.oneof(fc.constantFrom('/', '200', 'a', 'b', 'v'.repeat(300)), fc.stringMatching(/^[!-~\u00a1-\u00ff]{0,40}$/));
    const block = fc.record({ size: fc.option(fc.constantFrom(0, 100, 300, 4096, 100_000)), fields: fc.array(fc.tuple(name, value), { maxLength: 20 }) });
    fc.assert(
      fc.property(fc.array(block, { maxLength: 20 }), (blocks) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder(wide);
        for (const { size, fields } of blocks) {
          if (size !== null) encoder.setCapacity(size);
          encoder.begin();
          for (const [n, v] of fields) encoder.add(n, v);
          expect(decode(decoder, Buffer.from(encoder.end()))).toEqual(fields.flat());
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('a value that comes again is one byte, a secret never', () => {
    const encoder = new HpackEncoder();
    const size = (name: string, value: string): number => {
      encoder.begin();
      encoder.add(name, value);
      return encoder.end().length;
    };
    expect([1, 2, 3].map(() => size('x-forwarded-proto', 'http'))).toEqual([24, 24, 1]);
    expect([1, 2, 3].map(() => size('authorization', 'Bearer a'))).toEqual([11, 11, 11]);
    expect(size(':path', '/')).toBe(1);
    expect(size(':status', '200')).toBe(1);
  });

  it('values that differ every time do not drive out those that stay', () => {
    const encoder = new HpackEncoder();
    let last = 0;
    for (let i = 0; i < 1000; i++) {
      encoder.begin();
      encoder.add('x-stays', 'the same value');
      encoder.add('x-request-id', `id-${i}`);
      last = encoder.end().length;
    }
    expect(last).toBeLessThan(25);
  });
});

it('decodes every byte of the Huffman code, the longest codes too', () => {
  const out = Buffer.alloc(8);
  // Codes of `0`, `X`, 0x00, 0x80, 0xff and CR, the longest, padded with ones.
  const codes: [number, string][] = [
    [0x30, '00000'],
    [0x58, '11111100'],
    [0x00, '1111111111000'],
    [0x80, '11111111111111100110'],
    [0xff, '11111111111111111111101110'],
    [0x0d, '111111111111111111111111111101'],
  ];
  for (const [symbol, bits] of codes) {
    const padded = bits + '1'.repeat((8 - (bits.length % 8)) % 8);
    const bytes = Buffer.from(padded.match(/.{8}/g)?.map((b) => Number.parseInt(b, 2)) ?? []);
    expect([decodeHuffman(bytes, 0, bytes.length, out), out[0]]).toEqual([1, symbol]);
  }
});
