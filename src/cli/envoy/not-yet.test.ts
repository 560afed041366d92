import { expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import { doc, gatewayProxy, svc, tableOf } from '../../translate/testing.ts';
import { notInEnvoy } from './not-yet.ts';

const cart = svc('shop/cart http:80');
const tls = (settings: string): string => doc('DestinationRule', 'shop/cart', `host: cart, trafficPolicy: {tls: {${settings}}}`);
const edge = (settings: string): string =>
  doc(
    'Gateway',
    'edge/g',
    `selector: {istio: ingress}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, ${settings}}}]`,
  );

it.each<[string, string[], { gateway?: boolean; agent?: boolean }, string[]]>([
  ['nothing', [cart], {}, []],
  [
    'certificates of the mesh',
    [cart, tls('mode: ISTIO_MUTUAL')],
    {},
    ['mTLS to cart.shop.svc.cluster.local needs certificates of the mesh, which are not here: requests go in plain text'],
  ],
  ['certificates in files are there', [cart, tls('mode: MUTUAL, clientCertificate: /c, privateKey: /k')], {}, []],
  ['a gateway with a certificate from a Secret', [edge('credentialName: c')], { gateway: true }, []],
  ['a gateway with a certificate from a file', [edge('serverCertificate: /c, privateKey: /k')], { gateway: true }, []],
  [
    'certificates of the mesh of an agent',
    [cart, tls('mode: ISTIO_MUTUAL'), doc('PeerAuthentication', 'shop/p', 'mtls: {mode: STRICT}').replace('networking', 'security')],
    { agent: true },
    [],
  ],
  [
    'what decides who may do what',
    [
      cart,
      doc('AuthorizationPolicy', 'shop/a', '').replace('networking', 'security'),
      doc('PeerAuthentication', 'shop/p', 'mtls: {mode: STRICT}').replace('networking', 'security'),
    ],
    {},
    ['PeerAuthentication (1): there are no certificates of the mesh here; where it is STRICT, inbound connections fail'],
  ],
])('%s', (_, documents, { gateway = false, agent = false }, expected) => {
  const table = tableOf(documents, gateway ? { proxy: gatewayProxy } : {});
  expect(notInEnvoy(meshOf(documents.join('---\n')), table, agent)).toEqual(expected);
});
