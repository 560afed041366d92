// Nanoseconds of the codec's parts on one core, without sockets: parsing heads, writing heads.
//
//   node bench/http1/codec.ts

import { defaultLimits } from '../../src/proxy/http1/message-parser.ts';
import { RequestParser } from '../../src/proxy/http1/request-parser.ts';
import { ResponseParser } from '../../src/proxy/http1/response-parser.ts';

const requests: Record<string, string> = {
  'request of a load generator': 'GET / HTTP/1.1\r\nHost: 127.0.0.1:19400\r\n\r\n',
  'request of a service':
    'GET /api/v1/payments/42?currency=eur HTTP/1.1\r\nHost: payment-service:8080\r\nUser-Agent: Go-http-client/1.1\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\nX-Request-Id: 7f3c1f9e-2a5e-4f2b-9d60-1f6f2b0c9a11\r\nX-B3-TraceId: 463ac35c9f6413ad48485a3953bb6124\r\nX-B3-SpanId: a2fb4a1d1a96d312\r\nX-B3-Sampled: 1\r\nX-Tenant: blue\r\n\r\n',
  'request with a body': `POST /api HTTP/1.1\r\nHost: payment-service:8080\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n${'x'.repeat(100)}`,
};
const response =
  'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 21:39:19 GMT\r\nContent-Type: text/plain\r\nContent-Length: 100\r\nConnection: keep-alive\r\n\r\n' +
  'x'.repeat(100);

const sink = { onHead() {}, onBody() {}, onMessageEnd() {} };

function measure(name: string, once: () => void): void {
  for (let i = 0; i < 300_000; i++) once();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 10; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < 100_000; i++) once();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 100_000);
  }
  console.log(`${best.toFixed(0).padStart(6)} ns  ${name}`);
}

const buffer = Buffer.alloc(65_536);
for (const [name, text] of Object.entries(requests)) {
  const parser = new RequestParser(sink, defaultLimits, ['websocket']);
  const length = buffer.write(text, 'latin1');
  measure(name, () => {
    parser.next();
    parser.execute(buffer, 0, length);
    if (!parser.complete) throw new Error('not complete');
  });
}
const length = buffer.write(response, 'latin1');
const parser = new ResponseParser(sink, defaultLimits);
measure('response', () => {
  parser.expect('GET', false);
  parser.execute(buffer, 0, length);
  if (!parser.complete) throw new Error('not complete');
});
