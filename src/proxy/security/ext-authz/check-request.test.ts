import { expect, it } from 'vitest';
import { record } from '../../core/testing.ts';
import { encodeCheck } from './check-codec.ts';
import { connectionAttributes, requestAttributes } from './check-request.ts';

const own = {
  peerAddress: '10.0.0.1',
  peerPort: 40000,
  localAddress: '10.0.0.2',
  localPort: 8080,
  protocol: 'HTTP/1.1',
  startWall: 0,
  connectionId: 7,
};
const none = { bytes: new Uint8Array(0), isPartial: undefined };

it('a connection: who asks, by the certificate where there is one', () => {
  const plain = { source: { address: { socket_address: { address: '10.0.0.1', port_value: 40000 } } } };
  expect(connectionAttributes(record('/', [], own))).toEqual({
    ...plain,
    destination: { address: { socket_address: { address: '10.0.0.2', port_value: 8080 } } },
  });
  const tls = { tlsVersion: 'TLSv1.3', serverName: 'a.example', peerUriSans: ['spiffe://a'], peerCertificate: '-----BEGIN%20', localUriSans: ['spiffe://b'] };
  expect(connectionAttributes(record('/', [], { ...own, ...tls }))).toMatchObject({
    source: { ...plain.source, principal: 'spiffe://a', certificate: '-----BEGIN%20' },
    destination: { principal: 'spiffe://b' },
    tls_session: { sni: 'a.example' },
  });
});

it('a request: its head, values of one header together, and bytes that are UTF-8', () => {
  const attributes = requestAttributes(record('/a?b', ['x-a', '1', 'x-a', '2', 'x-b', 'Ã©', 'x-c', '\xff'], own), none, false);
  expect(attributes.request).toMatchObject({
    time: '1970-01-01T00:00:00.000Z',
    http: {
      method: 'GET',
      path: '/a?b',
      host: 'reviews',
      scheme: 'http',
      protocol: 'HTTP/1.1',
      headers: { ':path': '/a?b', ':authority': 'reviews', 'x-a': '1,2', 'x-b': 'é', 'x-c': '\ufffd' },
    },
  });
  expect(JSON.stringify(attributes)).not.toContain('body');
  expect(encodeCheck(attributes).length).toBeGreaterThan(100);
});

it('a body, as text or as bytes, and whether there is more of it', () => {
  const body = { bytes: Buffer.from('é'), isPartial: true };
  const asText = requestAttributes(record('/', [], own), body, false);
  expect(asText.request).toMatchObject({ http: { body: 'é', headers: { 'x-envoy-auth-partial-body': 'true' } } });
  expect(requestAttributes(record('/', [], own), body, true).request).toMatchObject({ http: { raw_body: Buffer.from('é').toString('base64') } });
});
