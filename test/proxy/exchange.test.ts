// One request through the whole of a sidecar: what only shows when filters, retries, timeouts and mirrors meet.
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import type { ExchangeRecord } from '../../src/proxy/core/exchange-record.ts';
import { flagsText } from '../../src/proxy/core/response-flags.ts';
import type { Sidecar } from '../../src/proxy/sidecar.ts';
import { testSidecar } from './sidecar.ts';
import { backend, closeAll, freePorts, pause, tableOf, until } from './support.ts';

afterEach(closeAll);

interface Answer {
  status: number;
  body: string;
  /** The response was cut off. */
  broken: boolean;
}

interface World {
  port: number;
  /** `flags details attempts` of each request. */
  log: string[];
  sidecar: Sidecar;
  ask(path: string, more?: { method?: string; body?: Buffer; headers?: Record<string, string> }): Promise<Answer>;
}

const manifests = (rule: string): string => `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec: {host: web, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec: {hosts: [web], http: [{${rule}}]}
`;

async function world(rule: string, v1: (request: IncomingMessage, response: ServerResponse) => void, v2 = v1): Promise<World> {
  const [port = 0] = await freePorts(1);
  const log: string[] = [];
  const sidecar = testSidecar({
    outboundPort: port,
    accessLog: (record: ExchangeRecord) => void log.push(`${flagsText(record.flags)} ${record.details} ${record.attempts}`),
  });
  await sidecar.apply(await tableOf(manifests(rule), [`web.shop/v1=127.0.0.1:${await backend(v1)}`, `web.shop/v2=127.0.0.1:${await backend(v2)}`]));
  return {
    port,
    log,
    sidecar,
    ask: (path, { method = 'GET', body, headers = {} } = {}) =>
      new Promise((resolve, reject) => {
        const sent = request({ port, host: '127.0.0.1', path, method, headers: { host: 'web.shop', ...headers }, agent: false }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          const end = (broken: boolean): void => resolve({ status: response.statusCode ?? 0, body: text, broken });
          response.on('end', () => end(false)).on('error', () => end(true));
        });
        sent.on('error', reject);
        sent.end(body);
      }),
  };
}

const to = 'route: [{destination: {host: web, subset: v1}}]';
/** Answers when all of the request is there. */
const after = (answer: (response: ServerResponse, bytes: number) => void) => (incoming: IncomingMessage, response: ServerResponse) => {
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  incoming.on('error', () => {});
  incoming.on('end', () => answer(response, bytes));
};
const fine = after((response) => response.end('fine'));

test('RT-R1: a fault comes before redirects and unknown clusters', async () => {
  const abort = 'fault: {abort: {httpStatus: 418, percentage: {value: 100}}}';
  const redirected = await world(`${abort}, redirect: {uri: /x}`, fine);
  expect(await redirected.ask('/')).toMatchObject({ status: 418, body: 'fault filter abort' });
  const unknown = await world(`${abort}, route: [{destination: {host: nobody.example}}]`, fine);
  expect(await unknown.ask('/')).toMatchObject({ status: 418 });
  expect(unknown.log).toEqual(['FI fault_filter_abort 0']);
});

test('RT-R1: CORS is for forwarding routes: a preflight of a redirect is redirected', async () => {
  const { ask } = await world('corsPolicy: {allowOrigins: [{exact: "*"}]}, redirect: {uri: /x}', fine);
  const preflight = { method: 'OPTIONS', headers: { origin: 'http://a.example', 'access-control-request-method': 'GET' } };
  expect(await ask('/', preflight)).toMatchObject({ status: 301 });
});

test('RT-R62: a timeout within the response cuts it off', async () => {
  const { ask, log } = await world(`timeout: 1s, ${to}`, (_, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('some');
  });
  expect(await ask('/')).toEqual({ status: 200, body: 'some', broken: true });
  await until(() => log.length > 0, 'a line of the log');
  expect(log).toEqual(['UT response_timeout 1']);
});

const retries = 'retries: {attempts: 2, retryOn: 5xx, backoff: 1ms}';

test('RT-R80: a body of up to 1 MiB is sent again, a greater one is not', async () => {
  const seen: number[] = [];
  const { ask, log } = await world(
    `${retries}, ${to}`,
    after((response, bytes) => {
      seen.push(bytes);
      response.writeHead(seen.length % 2 === 1 ? 500 : 200).end();
    }),
  );
  expect(await ask('/', { method: 'POST', body: Buffer.alloc(1_000_000) })).toMatchObject({ status: 200 });
  expect(seen).toEqual([1_000_000, 1_000_000]);
  expect(await ask('/', { method: 'POST', body: Buffer.alloc(1_500_000) })).toMatchObject({ status: 500 });
  expect(seen).toEqual([1_000_000, 1_000_000, 1_500_000]);
  await until(() => log.length > 1, 'two lines of the log');
  expect(log).toEqual(['- via_upstream 2', '- via_upstream 1']);
});

test('RT-R83: the timeout is for all tries together, and alone in the flags', async () => {
  let tries = 0;
  let isOverInTime: boolean | undefined;
  const { ask, log } = await world(`timeout: 3s, ${retries}, ${to}`, (_, response) => {
    tries++;
    if (tries === 1) setTimeout(() => response.writeHead(503).end(), 1500);
    // Another 3 s for the second try would be over after this.
    else setTimeout(() => (isOverInTime = log.length > 0), 2500);
  });
  expect(await ask('/')).toMatchObject({ status: 504, body: 'upstream request timeout' });
  expect(tries).toBe(2);
  await until(() => log.length > 0, 'a line of the log');
  expect(log).toEqual(['UT response_timeout 2']);
  await until(() => isOverInTime !== undefined, 'the time of one try');
  expect(isOverInTime).toBe(true);
});

test('RT-R114: a mirror is tried once, and its errors are nobody else’s', async () => {
  let copies = 0;
  const failing = (_: IncomingMessage, response: ServerResponse): void => {
    copies++;
    response.writeHead(500).end();
  };
  const { ask, log, sidecar } = await world(`${retries}, ${to}, mirror: {host: web, subset: v2}`, fine, failing);
  expect(await ask('/', { method: 'POST', body: Buffer.from('x') })).toMatchObject({ status: 200, body: 'fine' });
  await until(() => copies > 0 && log.length > 0, 'the copy and a line of the log');
  const counts = () => sidecar.upstreams.get('outbound|80|v2|web.shop.svc.cluster.local')?.state.hosts[0]?.stats();
  await until(() => Number(counts()?.rq_error) > 0, 'the error of the copy');
  await pause(100);
  expect(copies).toBe(1);
  expect(counts()).toMatchObject({ rq_error: 1, rq_total: 1 });
  expect(log).toEqual(['- via_upstream 1']);
});

test('TEL-R1: the messages of gRPC are counted, those of both sides', async () => {
  const message = (text: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 0, text.length]), Buffer.from(text)]);
  const messages = after((response) => {
    response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': '0' });
    response.end(Buffer.concat([message('one'), message(''), message('three')]));
  });
  const { ask, sidecar } = await world(to, messages);
  const body = Buffer.concat([message('a'), message('b')]);
  expect((await ask('/shop.Cart/Add', { method: 'POST', body, headers: { 'content-type': 'application/grpc' } })).status).toBe(200);
  const count = (name: string): number | undefined => sidecar.metrics?.snapshot(false).find((family) => family.name === name)?.series[0]?.value;
  expect([count('istio_request_messages_total'), count('istio_response_messages_total')]).toEqual([2, 3]);
});
