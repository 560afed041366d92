import { describe, expect, it } from 'vitest';
import type { HeaderOps } from '../ir/route.ts';
import { joinPolicies, limited, translateHeaders } from './header-ops.ts';
import { routesWith } from './testing.ts';

const text = ({ remove, add }: HeaderOps): string =>
  [...remove.map((name) => `-${name}`), ...add.map(({ name, value, set }) => `${set ? '=' : '+'}${name}:${value}`)].join(' ');

const unexpected = (message: string): void => expect.unreachable(message);

describe('one block', () => {
  it('RT-R30, MAP-R36: removes, then sets, then adds, each by name', () => {
    const headers = { request: { set: { b: '1', a: '2' }, add: { d: '3', c: '4' }, remove: ['r'] } };
    expect(text(translateHeaders(headers, unexpected).policy.request)).toBe('-r =a:2 =b:1 +c:4 +d:3');
  });

  it('RT-R34: has nothing for parts of the request line, but an authority', () => {
    const headers = {
      request: { set: { ':path': '/', host: 's' }, add: { ':authority': 'a' }, remove: ['Host', ':method', 'X-A'] },
      response: { set: { host: 'x', y: '1' } },
    };
    const { policy, authority } = translateHeaders(headers, unexpected);
    expect([text(policy.request), text(policy.response), authority]).toEqual(['-x-a', '=y:1', 's']);
  });

  it('RT-R31: an empty value is kept: the proxy decides', () => {
    expect(text(translateHeaders({ request: { set: { a: '' } } }, unexpected).policy.request)).toBe('=a:');
  });
});

describe('what no proxy takes is left out, and told', () => {
  it.each([
    [{ 'x y': '1', a: '1' }, 'header "x y": this is no name of a header: the operation is left out'],
    [{ '': '1', a: '1' }, 'header "": this is no name of a header: the operation is left out'],
    [{ b: '1\r\nc: 2', a: '1' }, 'header "b": the value has a line break or is too long: the operation is left out'],
    [{ b: 'x'.repeat(16_385), a: '1' }, 'header "b": the value has a line break or is too long: the operation is left out'],
    [{ b: '%FOO%', a: '1' }, 'header "b": FOO is no operator that is known here: the operation is left out'],
    [{ b: '100%', a: '1' }, 'header "b": "%" begins no operator: write %% for a percent sign: the operation is left out'],
    [{ host: 'a\nb', a: '1' }, 'header "host": the value has a line break or is too long: the operation is left out'],
  ])('%j', (set, message) => {
    const told: string[] = [];
    const { policy, authority } = translateHeaders({ request: { set } }, (text) => told.push(text));
    expect([text(policy.request), authority, told]).toEqual(['=a:1', '', [message]]);
  });

  it('names to remove that no header has', () => {
    expect(text(translateHeaders({ response: { remove: ['a b', 'c\n', 'd'] } }, unexpected).policy.response)).toBe('-d');
  });

  it('more operations than a proxy takes, those of the rule and of its destination together', () => {
    const told: string[] = [];
    const add = Array.from({ length: 700 }, (_, i) => ({ name: `h${i}`, value: '1', set: true }));
    const one = { request: { remove: [], add }, response: { remove: [], add: [] } };
    const policy = limited(joinPolicies(one, one), (message) => told.push(message));
    expect([policy.request.add.length, told]).toEqual([1000, ['1400 headers are written, and a proxy takes 1000: the others are left out']]);
  });
});

describe('blocks of a rule and its destinations', () => {
  const rule = 'headers: {request: {set: {a: "1"}, add: {b: "1"}, remove: [r]}, response: {remove: [p]}}';
  const own = 'headers: {request: {set: {a: "2"}, add: {b: "2"}, remove: [r, q]}, response: {set: {z: "1"}}}';

  it('RT-R32: those of a single destination come after those of the rule', () => {
    const [route] = routesWith(`{${rule}, route: [{destination: {host: a}, ${own}}]}`);
    expect(route?.headers && [text(route.headers.request), text(route.headers.response)]).toEqual(['-r -q =a:1 +b:1 =a:2 +b:2', '-p =z:1']);
    expect(route?.action).toMatchObject({ clusters: [expect.not.objectContaining({ headers: expect.anything() })] });
  });

  it('RT-R33: those of several destinations stay with them', () => {
    const [route] = routesWith(`{${rule}, route: [{destination: {host: a}, weight: 1, ${own}}, {destination: {host: b}, weight: 1}]}`);
    expect(route?.headers && text(route.headers.request)).toBe('-r =a:1 +b:1');
    const [first, second] = route?.action.kind === 'forward' ? route.action.clusters : [];
    expect([first?.headers && text(first.headers.request), second?.headers]).toEqual(['-r -q =a:2 +b:2', undefined]);
  });
});
