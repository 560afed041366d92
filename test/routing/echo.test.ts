import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../free-ports.ts';
import { until } from '../until.ts';
import { caseHeader, Recorder } from './backend/record.ts';
import { Services } from './backend/service.ts';
import { open } from './client/connect.ts';
import { type ClientResult, clientRequest } from './client/exchange.ts';
import { exchangeHttp1 } from './client/http1.ts';
import { Http2Connection } from './client/http2.ts';
import { exchangeTcp } from './client/tcp.ts';
import type { Behaviour, CaseRequest } from './corpus.ts';
import { header } from './wire/http1.ts';

let recorder: Recorder;
let services: Services;
let port: number;

beforeEach(async () => {
  port = await freePort();
  recorder = new Recorder();
  services = new Services(recorder, '.');
});

afterEach(async () => {
  recorder.close();
  await services.close();
});

async function listen(speaks: 'http' | 'tcp', behaviour: Behaviour = {}): Promise<void> {
  await services.listen([{ identity: 'v1', host: 'h', address: '127.0.0.1', port, speaks, behaviour }]);
}

const target = () => ({ address: '127.0.0.1', port, source: '127.0.0.1', tls: undefined, folder: '.' });

async function ask(version: '1.1' | '2', request: CaseRequest): Promise<ClientResult> {
  const connection = await open(target());
  const sent = clientRequest({ host: 'h', ...request, http_version: version }, '1', caseHeader);
  const result = version === '2' ? await new Http2Connection(connection).exchange(sent) : await exchangeHttp1(connection, sent);
  connection.close();
  return result;
}

describe.each(['1.1', '2'] as const)('client and service on HTTP/%s', (version) => {
  beforeEach(async () => listen('http'));

  it('echo a request', async () => {
    const result = await ask(version, { method: 'POST', path: '/a?b=c', headers: [['x-one', '1']], body: 'hello' });
    expect(result).toMatchObject({ status: 200, error: undefined });
    expect(header(result.headers, 'x-served-by')).toBe('v1');
    expect(JSON.parse(result.body.toString())).toMatchObject({ identity: 'v1', method: 'POST', body_length: 5 });
    expect(recorder.requests).toMatchObject([{ identity: 'v1', id: '1', path: '/a?b=c', authority: 'h', http2: version === '2' }]);
    expect(recorder.requests[0]?.body.toString()).toBe('hello');
  });

  it('carry large bodies both ways', async () => {
    const result = await ask(version, { method: 'POST', path: '/', body: { repeat: 'a', count: 300_000 }, headers: [['x-echo-resp-bytes', '1000000']] });
    expect(result.body.length).toBe(1_000_000);
    expect(recorder.requests[0]?.body.length).toBe(300_000);
  });

  it('carry trailers', async () => {
    const result = await ask(version, { method: 'POST', body: 'x', chunked: true, trailers: [['x-sum', '1']], headers: [['x-echo-resp-trailer', 'bye']] });
    expect(result.trailers).toEqual([['x-echo-trailer', 'bye']]);
    expect(recorder.requests[0]?.trailers).toEqual([['x-sum', '1']]);
  });

  it.each(['reset', 'close'])('break off before the answer: %s', async (how) => {
    expect(await ask(version, { headers: [['x-echo-reset', how]] })).toMatchObject({ error: 'connection-closed', status: undefined });
  });

  it('break off in the middle of the answer', async () => {
    const result = await ask(version, {
      headers: [
        ['x-echo-reset', 'mid-body'],
        ['x-echo-resp-bytes', '5000'],
      ],
    });
    expect(result).toMatchObject({ error: 'truncated-body', status: 200 });
  });

  it('fail the first attempts of a request', async () => {
    const headers: [string, string][] = [
      ['x-echo-fail-first', '1'],
      ['x-echo-fail-status', '503'],
      ['x-echo-fail-key', 'request'],
    ];
    expect((await ask(version, { headers })).status).toBe(503);
    expect((await ask(version, { headers })).status).toBe(200);
  });
});

describe('HTTP/1.1', () => {
  beforeEach(async () => listen('http'));

  it('sends a body after 100 Continue', async () => {
    expect(await ask('1.1', { method: 'POST', headers: [['expect', '100-continue']], body: 'later' })).toMatchObject({ status: 200, interim: [100] });
    expect(recorder.requests[0]).toMatchObject({ sent100Continue: true });
  });

  it('sends bytes through a WebSocket', async () => {
    const headers: [string, string][] = [
      ['connection', 'Upgrade'],
      ['upgrade', 'websocket'],
      ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ];
    const result = await ask('1.1', { headers, upgrade_payload: 'ping' });
    expect(result).toMatchObject({ status: 101, upgradeEcho: 'ping' });
    expect(header(result.headers, 'sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });
});

describe('HTTP/2', () => {
  beforeEach(async () => listen('http'));

  it('answers gRPC with a status in the trailers', async () => {
    const result = await ask('2', { method: 'POST', headers: [['content-type', 'application/grpc']], grpc_message: 'hi' });
    expect(result).toMatchObject({ status: 200, trailers: [['grpc-status', '0']] });
    expect(result.body.readUInt32BE(1)).toBe(result.body.length - 5);
  });

  it('resets a stream with the code asked for', async () => {
    expect(await ask('2', { headers: [['x-echo-rst-code', '7']] })).toMatchObject({ error: 'stream-reset', streamReset: 'REFUSED_STREAM' });
  });

  it('sees that the other side gave up', async () => {
    await ask('2', { headers: [['x-echo-delay-ms', '5000']], client_reset_after_ms: 50 });
    await until(() => recorder.requests[0]?.streamReset !== undefined, 'it has seen it');
    expect(recorder.requests[0]?.streamReset).toBe('CANCEL');
  });
});

describe('TCP', () => {
  it('greets and answers each piece', async () => {
    await listen('tcp', { after_eof: 'bye' });
    const result = await exchangeTcp(await open(target()), { send: ['one', 'two'], half_close: true });
    expect(result).toMatchObject({ closed: 'fin' });
    expect(result.received.toString()).toBe('hello v1\nv1: onev1: twobye');
    expect(recorder.connections).toMatchObject([{ identity: 'v1', eof: true }]);
  });

  it('resets where it is told to', async () => {
    await listen('tcp', { reset_after_ms: 50 });
    expect(await exchangeTcp(await open(target()), { send: [] })).toMatchObject({ closed: 'rst' });
  });
});
