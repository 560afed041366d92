// The codec of the sidecar beside Node's llhttp: every difference is one that docs/http1-strictness.md explains.
//
//   node test/fuzz/http1.ts      without end (FUZZ_RUNS: how many here)
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { damagedRequests, damagedResponses, explainedIn, requestDivergence, responseDivergence } from './fuzz/http1-divergence.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 3000);
const explained = explainedIn(readFileSync(join(import.meta.dirname, '../docs/http1-strictness.md'), 'utf8'));

test('requests', () => {
  fc.assert(
    fc.property(damagedRequests, (text) => {
      const divergence = requestDivergence(text);
      if (divergence !== undefined) expect(explained).toContain(divergence);
    }),
    { numRuns },
  );
});

test('responses', () => {
  fc.assert(
    fc.property(damagedResponses, ({ text, method, eof }) => {
      const divergence = responseDivergence(text, method, eof);
      if (divergence !== undefined) expect(explained).toContain(divergence);
    }),
    { numRuns },
  );
});

test('the comparison can tell', () => {
  expect(requestDivergence('GET / HTTP/1.1\r\nHost: h\r\n\r\n')).toBeUndefined();
  expect(requestDivergence('GET / HTTP/1.1\nHost: h\n\n')).toBeUndefined();
  expect(requestDivergence('POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n')).toBe('we refuse: transferEncoding');
  expect(requestDivergence('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;"\r\nabc\r\n')).toMatch(/^llhttp refuses: HPE_STRICT/);
  expect(responseDivergence('HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', 'GET', false)).toBe('different: content-length of a message without body');
});
