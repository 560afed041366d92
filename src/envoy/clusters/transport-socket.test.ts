import { describe, expect, it } from 'vitest';
import type { Cluster, UpstreamTls } from '../../ir/cluster.ts';
import type { EnvoyOptions } from '../options.ts';
import { resource } from './testing.ts';
import { namesOfRequest } from './transport-socket.ts';

const raw = {
  name: 'envoy.transport_sockets.raw_buffer',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer' },
};
const tls = { name: 'envoy.transport_sockets.tls' };
const headed = (version: string, socket: object): object => ({
  name: 'envoy.transport_sockets.upstream_proxy_protocol',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport',
    config: { version },
    transport_socket: socket,
  },
});

function sockets(more: Partial<Cluster>, meshTls: EnvoyOptions['meshTls'] = 'sds'): unknown {
  const { transport_socket, transport_socket_matches } = resource(more, { meshTls });
  return transport_socket_matches ?? transport_socket;
}

describe('transportSockets', () => {
  it('says nothing of plain text', () => expect(sockets({})).toBeUndefined());

  it.each<[string, Partial<Cluster>, object]>([
    ['MAP-R56: TLS', { tls: { mode: 'istio-mutual' } }, tls],
    [
      'MAP-R55: TLS to those that take it',
      { tls: { mode: 'auto' } },
      [
        { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transport_socket: tls },
        { name: 'tlsMode-disabled', match: {}, transport_socket: raw },
      ],
    ],
    ['MAP-R59: a header before plain text', { proxyProtocol: 1 }, headed('V1', raw)],
    ['MAP-R59: a header before TLS', { proxyProtocol: 2, tls: { mode: 'simple' } }, headed('V2', tls)],
    [
      'MAP-R59: a header before each',
      { proxyProtocol: 2, tls: { mode: 'auto' } },
      [{ transport_socket: headed('V2', tls) }, { transport_socket: headed('V2', raw) }],
    ],
  ])('%s', (_, more, expected) => expect(sockets(more)).toMatchObject(expected));

  it.each<[UpstreamTls['mode'], boolean]>([
    ['auto', false],
    ['istio-mutual', false],
    ['simple', true],
    ['mutual', true],
  ])('without certificates of the mesh: %s', (mode, secure) => {
    expect(sockets({ tls: { mode } }, 'none') !== undefined).toBe(secure);
    expect(sockets({ tls: { mode }, proxyProtocol: 1 }, 'none')).toMatchObject(headed('V1', secure ? tls : raw));
  });

  it.each([
    ['a.test', 'a.test'],
    [undefined, undefined],
    ['', undefined],
    // Envoy refuses it, and TLS has no room for it.
    ['a'.repeat(256), undefined],
    ['é'.repeat(128), undefined],
    ['a'.repeat(255), 'a'.repeat(255)],
  ])('MAP-R3: the name of the server %#', (sni, expected) => {
    const made = sockets({ tls: { mode: 'istio-mutual', ...(sni === undefined ? {} : { sni }) } }) as { typed_config: { sni?: string } };
    expect(made.typed_config.sni).toBe(expected);
  });
});

describe('DR-R70: namesOfRequest', () => {
  it.each<[UpstreamTls, unknown]>([
    [{ mode: 'simple' }, { sni: true, certificate: true }],
    [{ mode: 'mutual' }, { sni: true, certificate: true }],
    [
      { mode: 'simple', subjectAltNames: ['a'] },
      { sni: true, certificate: false },
    ],
    [
      { mode: 'simple', insecureSkipVerify: true },
      { sni: true, certificate: false },
    ],
    [{ mode: 'simple', sni: 'a' }, undefined],
    [{ mode: 'istio-mutual' }, undefined],
    [{ mode: 'disable' }, undefined],
  ])('%j', (settings, expected) => expect(namesOfRequest(settings)).toEqual(expected));
});
