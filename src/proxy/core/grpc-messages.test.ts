import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GrpcMessages } from './grpc-messages.ts';

test('TEL-R1: messages are counted however the bytes are cut', () => {
  const message = (length: number): number[] => [0, 0, 0, length >> 8, length & 255, ...new Array(length).fill(7)];
  fc.assert(
    fc.property(fc.array(fc.nat(600), { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 400 })), (lengths, cuts) => {
      const bytes = Uint8Array.from(lengths.flatMap(message));
      const { request } = new GrpcMessages();
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        request.add(bytes.subarray(at, at + cut));
        at += cut;
      }
      expect(request.count).toBe(lengths.length);
    }),
  );
});
