import { describe, expect, it } from 'vitest';
import { record } from '../../core/testing.ts';
import { checkResponse } from './check-response.ts';
import { frameOf, messageOf } from './grpc-frame.ts';
import { changeQuery, changeRequest, changesOfResponse } from './request-changes.ts';
import { Waiting } from './waiting.ts';

const statuses = new Map([['Unauthorized', 401]]);
const response = (message: Parameters<typeof checkResponse>[0]) => checkResponse(message, statuses);

describe('the answer of a gRPC service', () => {
  it.each([
    ['nothing at all allows, as a status of 0 does', {}, true],
    ['status 0', { status: { code: 0 } }, true],
    ['another status', { status: { code: 7 } }, false],
    ['a denial beside status 0 is none', { status: {}, denied_response: { body: 'x' } }, true],
    ['an allowance beside another status is none', { status: { code: 16 }, ok_response: {} }, false],
  ])('%s', (_, message, allowed) => expect(response(message).allowed).toBe(allowed));

  it.each<[unknown, number]>([
    ['Unauthorized', 401],
    [418, 418],
    [undefined, 403],
    ['Odd', 403],
    [99, 403],
    [1000, 403],
  ])('status %s of a denial is %i', (code, status) =>
    expect(response({ status: { code: 7 }, denied_response: { status: { code: code as number } } })).toMatchObject({ status }),
  );

  it('headers that are none are left out, and values are bytes', () => {
    const headers = [
      { header: { key: 'X-A', value: 'é' } },
      { header: { key: 'x b', value: '1' } },
      { header: { key: 'x-c', value: 'a\r\nx-d: 1' } },
      { header: { key: 'x-e', raw_value: Buffer.from('raw').toString('base64') } },
      {},
    ];
    expect(response({ status: { code: 7 }, denied_response: { headers } })).toMatchObject({ headers: ['x-a', 'Ã©', 'x-e', 'raw'] });
  });
});

describe('a request that is allowed', () => {
  it('its framing is not changed, nor its pseudo headers removed', () => {
    const one = record('/a', ['content-length', '5', 'x-a', '1', 'cookie', 'c']);
    const changes = [
      { name: 'content-length', value: '9', action: 'set' as const },
      { name: 'transfer-encoding', value: 'chunked', action: 'set' as const },
      { name: ':path', value: '/b?c', action: 'set' as const },
      { name: 'host', value: 'other', action: 'set' as const },
      { name: 'x-a', value: '2', action: 'append' as const },
    ];
    expect(changeRequest(one, changes, ['content-length', ':path', 'host', 'cookie'])).toBe(true);
    expect([one.headers, one.path, one.pathEnd, one.authority]).toEqual([['content-length', '5', 'x-a', '1,2'], '/b?c', 2, 'other']);
    expect(changeRequest(one, changes.slice(0, 2), ['upgrade'])).toBe(false);
  });

  it.each([
    [':path', '/a HTTP/1.1\r\nx-evil: 1'],
    [':path', '/a b'],
    [':path', 'http://other/'],
    [':path', ''],
    [':method', 'GET /other HTTP/1.1\r\nx: '],
    [':method', ''],
    [':authority', 'a\r\nx-evil: 1'],
    ['host', 'a b'],
    ['host', 'a/b'],
  ])('its first line stays one line: %s is not changed to %j', (name, value) => {
    const one = record('/a');
    const before = structuredClone(one);
    expect(changeRequest(one, [{ name, value, action: 'set' }], [])).toBe(false);
    expect(one).toEqual(before);
  });

  it('what is put into its query does not end its first line', () => {
    const one = record('/p?x=1');
    changeQuery(one, [{ key: 'user\n', value: 'é HTTP/1.1\r\nx-evil: 1\r\n\r\n#' }], []);
    expect(one.path).toBe('/p?user%0A=%C3%A9%20HTTP/1.1%0D%0Ax-evil:%201%0D%0A%0D%0A%23&x=1');
  });

  it.each([
    ['/p', [{ key: 'a', value: '1' }], [], '/p?a=1'],
    ['/p?b=2&a=1&a=3', [{ key: 'c', value: '4' }], [], '/p?a=1&a=3&b=2&c=4'],
    ['/p?a=1&a=2&b', [{ key: 'a', value: '9' }], [], '/p?a=9&b='],
    ['/p?a=1', [], ['a'], '/p'],
    ['/p?a=1', [], [], '/p?a=1'],
  ])('the query of %s', (path, set, removed, expected) => {
    const one = record(path);
    expect(changeQuery(one, set, removed)).toBe(set.length + removed.length > 0);
    expect([one.path, one.pathEnd]).toEqual([expected, 2]);
  });
});

describe('a response to a request that is allowed', () => {
  it('its framing and its status are not changed', () => {
    const names = ['content-length', 'transfer-encoding', 'connection', 'upgrade', 'trailer', 'keep-alive', ':status', '', 'x-told', 'set-cookie'];
    const told = changesOfResponse(names.map((name) => ({ name, value: '0', action: 'add' as const })));
    expect(told.map(({ name }) => name)).toEqual(['x-told', 'set-cookie']);
  });
});

describe('frames of gRPC', () => {
  const message = Uint8Array.from([1, 2, 3]);
  it('one message', () => expect(messageOf(frameOf(message))).toEqual(Buffer.from(message)));
  it.each([
    ['compressed', Uint8Array.from([1, 0, 0, 0, 1, 7])],
    ['cut off', frameOf(message).subarray(0, 7)],
    ['two of them', Buffer.concat([frameOf(message), frameOf(message)])],
    ['nothing', new Uint8Array(0)],
  ])('%s is none', (_, bytes) => expect(messageOf(bytes)).toBeUndefined());
});

describe('what is waited for', () => {
  it('is told once, and not after it was taken back', () => {
    const told: number[] = [];
    const waiting = new Waiting<number>((one) => told.push(one));
    let end: ((result: number) => void) | undefined;
    let cancelled = 0;
    waiting.on((ended) => {
      end = ended;
      return { cancel: () => cancelled++ };
    });
    const pending = waiting.pending;
    end?.(1);
    end?.(2);
    pending?.cancel();
    expect([told, cancelled, waiting.over, waiting.pending]).toEqual([[1], 0, true, undefined]);
  });

  it('what begins after it was taken back is taken back at once', () => {
    let cancelled = 0;
    const waiting = new Waiting<number>(() => cancelled--);
    waiting.pending?.cancel();
    waiting.on(() => ({ cancel: () => cancelled++ }));
    expect(cancelled).toBe(1);
  });
});
