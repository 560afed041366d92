// A cluster that gave its objects addresses and creation times, and a file that changes some of them.
import { load } from 'js-yaml';
import type { KubeObject } from '../src/kube/object.ts';

const service = (name: string, address: string, port: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop', creationTimestamp: '2024-01-01T00:00:00Z' },
  spec: { clusterIP: address, clusterIPs: [address], selector: { app: name }, ports: [load(port)] },
});

/** Of two for one host the older one is asked first. */
const routes = (name: string, to: string, created: string): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace: 'shop', creationTimestamp: created },
  spec: { hosts: ['shop.example.com'], gateways: ['edge'], http: [{ name, route: [{ destination: { host: to } }] }] },
});

export const objectsOfCluster: readonly KubeObject[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  service('db', '10.96.0.10', '{name: tcp-mysql, port: 3306}'),
  service('cart', '10.96.0.11', '{name: http, port: 80}'),
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name: 'edge', namespace: 'shop' },
    spec: { selector: { istio: 'ingress' }, servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] },
  },
  routes('z-older', 'cart', '2020-01-01T00:00:00Z'),
  routes('a-newer', 'db', '2024-01-01T00:00:00Z'),
];

/** What is applied: the same service with a label more, and the older of the virtual services with a timeout. */
export const fileOverCluster = `
apiVersion: v1
kind: Service
metadata: { name: db, namespace: shop, labels: { team: data } }
spec: { selector: { app: db }, ports: [{ name: tcp-mysql, port: 3306 }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: z-older, namespace: shop }
spec: { hosts: [shop.example.com], gateways: [edge], http: [{ name: z-older, timeout: 2s, route: [{ destination: { host: cart } }] }] }
`;
