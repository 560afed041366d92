// CUSTOM policies: the embedded engine and the real Envoy, with the same configuration, ask the same service the same questions and
// do the same with its answers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envoyProgram } from './envoy.ts';
import { type Place, type Sent, type Setup, startPlace } from './external-authorization/place.ts';

const envoy = envoyProgram();
const own = { 'x-user': 'client', 'x-secret': 's', 'x-more': 'm', authorization: 'Bearer t' };
/** So long the service has to be asked, and not to answer. */
const noAnswer = '3s';

interface Table {
  setup: Setup;
  requests: readonly Sent[];
  /** Texts of connections. */
  connections?: readonly string[];
}

const tables: Readonly<Record<string, Table>> = {
  'HTTP, with nothing but a service': {
    setup: { protocol: 'Http', provider: {} },
    requests: [
      { path: '/allow?q=1', headers: own },
      { path: '/open/deny' },
      { path: '/deny', headers: own },
      { path: '/deny', method: 'HEAD' },
      { path: '/deny', headers: { 'content-type': 'application/grpc' }, method: 'POST' },
      { path: '/allow', method: 'POST', body: 'not for the service' },
      { path: '/allow', method: 'DELETE' },
      { path: '/login' },
      { path: '/teapot' },
      { path: '/no-content' },
      { path: '/remove', headers: own },
      { path: '/broken' },
      { path: '/gone' },
      { path: '/deny', headers: { host: 'nobody.example' } },
    ],
  },
  'HTTP, with lists of headers, a prefix and the body': {
    setup: {
      protocol: 'Http',
      provider: {
        pathPrefix: '/check',
        includeRequestHeadersInCheck: ['x-user', 'x-more*', 'cookie'],
        includeAdditionalHeadersInCheck: { 'x-fixed': 'f' },
        headersToUpstreamOnAllow: ['x-auth-*', 'x-user'],
        headersToDownstreamOnDeny: ['x-reason', 'set-cookie'],
        headersToDownstreamOnAllow: ['x-to-client'],
        includeRequestBodyInCheck: { maxRequestBytes: 10, allowPartialMessage: true },
        statusOnError: '503',
      },
    },
    requests: [
      { path: '/allow?q=1', headers: { ...own, cookie: 'a=1' } },
      { path: '/allow', method: 'POST', body: 'short', headers: own },
      { path: '/allow', method: 'POST', body: 'longer than ten bytes' },
      { path: '/deny', method: 'PUT', body: 'x' },
      { path: '/login' },
      { path: '/broken' },
    ],
  },
  'HTTP, without an answer in time': {
    setup: { protocol: 'Http', provider: { timeout: noAnswer, statusOnError: '503' } },
    requests: [{ path: '/slow', headers: own, unanswered: true }],
  },
  'HTTP, with the whole body or nothing': {
    setup: { protocol: 'Http', provider: { includeRequestBodyInCheck: { maxRequestBytes: 10 } } },
    requests: [
      { path: '/allow', method: 'POST', body: 'short' },
      { path: '/allow', method: 'POST', body: 'longer than ten bytes' },
    ],
  },
  'HTTP, without a server': { setup: { protocol: 'Http', provider: {}, noServer: true }, requests: [{ path: '/allow' }, { path: '/open' }] },
  'HTTP, without a server, failing open': {
    setup: { protocol: 'Http', provider: { failOpen: true }, noServer: true },
    requests: [{ path: '/allow', headers: own }],
  },
  gRPC: {
    setup: { protocol: 'Grpc', provider: { statusOnError: '500' } },
    requests: [
      { path: '/allow?q=1', headers: { ...own, 'x-more': ['m', 'n'] } },
      { path: '/headers', headers: own },
      { path: '/actions', headers: own },
      { path: '/query?b=9&a=1&c=3&a=2&d&c=1' },
      { path: '/deny' },
      { path: '/refuse' },
      { path: '/refuse', headers: { 'content-type': 'application/grpc' }, method: 'POST' },
      { path: '/odd', headers: own },
      { path: '/broken' },
      { path: '/allow', method: 'DELETE' },
    ],
    connections: ['hello'],
  },
  'gRPC, for connections that are denied': {
    setup: { protocol: 'Grpc', provider: {}, denies: true },
    requests: [{ path: '/allow' }],
    connections: ['hello'],
  },
  'gRPC, without an answer in time': {
    setup: { protocol: 'Grpc', provider: { timeout: noAnswer, statusOnError: '500' } },
    requests: [{ path: '/slow', unanswered: true }],
  },
  'gRPC, without a server, failing open': {
    setup: { protocol: 'Grpc', provider: { failOpen: true }, noServer: true },
    requests: [{ path: '/allow' }],
    connections: ['hello'],
  },
  'gRPC, with the body as bytes': {
    setup: { protocol: 'Grpc', provider: { includeRequestBodyInCheck: { maxRequestBytes: 10, allowPartialMessage: true, packAsBytes: true } } },
    requests: [
      { path: '/allow', method: 'POST', body: 'short' },
      { path: '/allow', method: 'POST', body: 'longer than ten bytes' },
    ],
  },
  'gRPC, with the body as text': {
    setup: { protocol: 'Grpc', provider: { includeRequestBodyInCheck: { maxRequestBytes: 100 } } },
    requests: [{ path: '/allow', method: 'POST', body: 'short' }],
  },
  'gRPC, without a server': { setup: { protocol: 'Grpc', provider: {}, noServer: true }, requests: [{ path: '/allow' }], connections: ['hello'] },
};

describe.runIf(envoy !== undefined).each(Object.entries(tables))('%s', (_, { setup, requests, connections = [] }) => {
  let places: Place[] = [];
  beforeAll(async () => {
    places = await Promise.all([startPlace([], setup), startPlace(['--engine', 'envoy', '--envoy-path', String(envoy)], setup)]);
  }, 240_000);
  afterAll(() => Promise.all(places.map((place) => place.close())));

  it.each(requests)('SEC-R21, SEC-R31: $path', async (sent) => {
    const [embedded, real] = await Promise.all(places.map((place) => place.send(sent)));
    expect(embedded).toEqual(real);
  });

  it.each(connections)('SEC-R29, SEC-R30: a connection with %j', async (text) => {
    const [embedded, real] = await Promise.all(places.map((place) => place.connect(text)));
    expect(embedded).toEqual(real);
  });
});
