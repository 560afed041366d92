import { describe, expect, it } from 'vitest';
import type { HTTPRedirect } from '../manifest/istio/networking.gen.ts';
import { translateDirectResponse, translateRedirect } from './redirects.ts';

const at = (redirect: HTTPRedirect, tls = false, gatewayApi = false): unknown => translateRedirect(redirect, 8080, tls, gatewayApi);
const base = { kind: 'redirect', status: 301 };

describe('a redirect', () => {
  it.each([
    [undefined, 301],
    [0, 301],
    [302, 302],
    [303, 303],
    [307, 307],
    [308, 308],
    [304, undefined],
    [200, undefined],
  ])('RT-R15: code %s is %s', (redirectCode, status) => {
    expect(translateRedirect({ uri: '/', ...(redirectCode === undefined ? {} : { redirectCode }) }, 80, false, false)?.status).toBe(status);
  });

  it.each<[HTTPRedirect, object]>([
    [{ uri: '/n?x=1' }, { path: '/n?x=1' }],
    [{ uri: '' }, {}],
    [
      { authority: 'h', scheme: 'https' },
      { host: 'h', scheme: 'https' },
    ],
    [{ uri: '%PREFIX()%/fresh' }, { path: '%PREFIX()%/fresh' }],
  ])('RT-R16, MAP-R34: %j', (written, expected) => {
    expect(at(written)).toEqual({ ...base, ...expected });
  });

  it.each<[HTTPRedirect, boolean, number | undefined]>([
    [{ port: 8443 }, false, 8443],
    [{ port: 80 }, false, undefined],
    [{ port: 443 }, false, 443],
    [{ port: 443 }, true, undefined],
    [{ port: 443, scheme: 'https' }, false, undefined],
    [{ port: 80, scheme: 'https' }, false, 80],
    [{ derivePort: 'FROM_REQUEST_PORT' }, false, 8080],
    [{ derivePort: 'FROM_PROTOCOL_DEFAULT' }, false, undefined],
    [{}, false, undefined],
  ])('RT-R17: port of %j, TLS %s: %s', (written, tls, port) => {
    expect(at(written, tls)).toEqual(port === undefined ? expect.not.objectContaining({ port: expect.anything() }) : expect.objectContaining({ port }));
  });

  it('SEL-R83: in the Gateway API a prefix can be replaced', () => {
    expect(at({ uri: '%PREFIX()%/fresh' }, false, true)).toEqual({ ...base, prefix: '/fresh' });
    expect(at({ uri: '/fresh' }, false, true)).toEqual({ ...base, path: '/fresh' });
  });
});

it.each([
  [0, false],
  [100, false],
  [199, false],
  [200, true],
  [599, true],
  [600, false],
])('a direct response with status %d: %s', (status, made) => expect(translateDirectResponse({ status }) !== undefined).toBe(made));

it.each(['uri', 'authority', 'scheme'])('no redirect has a line break in its %s', (field) => {
  expect([at({ [field]: 'a\nb' }), at({ [field]: 'ab' })]).toEqual([undefined, expect.anything()]);
});

it('RT-R19, MAP-R35: direct responses have a text, bytes, or nothing', () => {
  expect(translateDirectResponse({ status: 418, body: { string: 'x' } })).toEqual({ kind: 'direct', status: 418, body: 'x' });
  expect(translateDirectResponse({ status: 200, body: { bytes: 'AAE=' } })).toEqual({ kind: 'direct', status: 200, body: 'AAE=', binary: true });
  expect(translateDirectResponse({ status: 204 })).toEqual({ kind: 'direct', status: 204, body: '' });
});
