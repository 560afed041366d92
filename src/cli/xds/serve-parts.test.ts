import { expect, it } from 'vitest';
import { plainStyle } from '../../analysis/report/style.ts';
import { meshOf } from '../../analysis/testing.ts';
import { listenAddress } from './listen-address.ts';
import { serveSummary } from './summary.ts';

const options = { defaultNamespace: 'shop', templates: true } as const;

const mesh = meshOf(
  `
apiVersion: v1
kind: Node
metadata: { name: node1, labels: { topology.kubernetes.io/region: r1, topology.kubernetes.io/zone: z1 } }
---
apiVersion: v1
kind: Pod
metadata: { name: cart, namespace: shop, labels: { app: cart } }
spec: { nodeName: node1, serviceAccountName: carts, containers: [{ name: a, image: a }] }
status: { podIP: 10.0.0.1 }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec: { selector: { istio: edge }, servers: [] }
`,
  options,
);

it.each([
  ['127.0.0.1:15010', true, '127.0.0.1:15010'],
  ['127.0.0.1:0', true, '127.0.0.1:15010'],
  ['localhost:0', true, 'localhost:15010'],
  ['[::1]:0', true, '[::1]:15010'],
  ['0.0.0.0:0', false, '127.0.0.1:15010'],
  ['[::]:0', false, '[::1]:15010'],
  ['10.0.0.1:1', false, '10.0.0.1:15010'],
  ['unix:/run/xds.sock', true, 'unix:/run/xds.sock'],
])('%s: local: %s, clients use %s', (text, isLocal, reached) => {
  const address = listenAddress(text);
  expect([address.isLocal, address.withPort(15010)]).toEqual([isLocal, reached]);
});

it('tells a person how proxies get their configuration', () => {
  const flags = { filename: ['mesh/', 'more.yaml'], watch: true };
  expect(
    serveSummary({ address: '127.0.0.1:15010', mesh, resources: 3, flags }, plainStyle),
  ).toBe(`weft xds serve: 127.0.0.1:15010, 3 resources from mesh/, more.yaml

  Envoy     weft proxy bootstrap --xds-address 127.0.0.1:15010 --proxy shop/cart > envoy.json && envoy -c envoy.json
  embedded  weft proxy run --xds-address 127.0.0.1:15010 --proxy shop/cart
  status    weft proxy-status --xds-address 127.0.0.1:15010

Serving. Changes of the manifests are sent as they come. Ctrl-C ends it.
`);
  const other = serveSummary({ address: 'a:1', mesh: meshOf('', options), resources: 1, flags: { filename: ['a.yaml'], watch: false } }, plainStyle);
  expect(other).toContain('a:1, 1 resource from a.yaml\n');
  expect(other).toContain('--proxy NAMESPACE/NAME --labels app=NAME\n');
  expect(other).toContain('\nServing. Ctrl-C ends it.\n');
});
