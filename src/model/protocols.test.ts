import { expect, it } from 'vitest';
import type { ServicePort } from './kubernetes.ts';
import { protocolOf } from './protocols.ts';

it.each([
  [{ port: 80, name: 'http' }, 'http'],
  [{ port: 80, name: 'HTTP-web' }, 'http'],
  [{ port: 80, name: 'grpc-web-x' }, 'grpc-web'],
  [{ port: 80, name: 'GRPC-WEBBY' }, 'grpc-web'],
  [{ port: 80, name: 'grpc-x' }, 'grpc'],
  [{ port: 80, name: 'http2web' }, undefined],
  [{ port: 80, name: 'web-http' }, undefined],
  [{ port: 80 }, undefined],
  [{ port: 3306, name: 'db' }, 'tcp'],
  [{ port: 53, name: 'http' }, 'http'],
  [{ port: 6379, name: 'cache' }, undefined],
  [{ port: 80, name: 'x', protocol: 'UDP' }, 'udp'],
  [{ port: 80, name: 'x', protocol: 'SCTP' }, undefined],
  [{ port: 80, name: 'http', appProtocol: 'tcp' }, 'tcp'],
  [{ port: 80, name: 'http', appProtocol: 'acme.com/x' }, undefined],
  [{ port: 80, name: 'x', appProtocol: 'kubernetes.io/h2c' }, 'http2'],
  [{ port: 80, name: 'x', appProtocol: 'kubernetes.io/wss' }, 'https'],
  [{ port: 80, name: 'kubernetes.io/ws' }, undefined],
  [{ port: 80, appProtocol: 'constructor' }, undefined],
  [{ port: 80, name: 'http', appProtocol: '' }, undefined],
] as [ServicePort, string | undefined][])('%j is %s', (port, expected) => {
  expect(protocolOf(port)).toBe(expected);
});
