// `weft x describe` from a cluster says what it says from files with the same objects, and reads pods and endpoints where they matter.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pod, service } from '../src/describe/testing.ts';
import type { KubeObject } from '../src/kube/object.ts';
import { doc, vs } from '../src/translate/testing.ts';
import { type FakeCluster, fakeCluster } from './fake-cluster.ts';
import { CommandProcess } from './readers/command-process.ts';

const slice = (name: string, address: string): string => {
  const [namespace = '', own = ''] = name.split('/');
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${own}-x, namespace: ${namespace}, labels: {kubernetes.io/service-name: ${own}}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [${address}], conditions: {ready: true}}]
`;
};
const at = (name: string, address: string, labels = '{app: cart, version: v1}'): string => pod(name, { labels }).replace('10.1.0.1', address);

/** A service of a namespace with a hundred others; requests that go on to another namespace, and a gateway in a third one. */
const documents = [
  ...['shop', 'pay', 'edge', 'far', 'istio-system'].map((name) => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`),
  service('shop/cart', undefined, 'clusterIP: 10.0.0.1'),
  at('shop/cart-1', '10.1.0.1'),
  slice('shop/cart', '10.1.0.1'),
  service('pay/bank', undefined, 'clusterIP: 10.0.0.2'),
  at('pay/bank-1', '10.1.0.2', '{app: bank}'),
  slice('pay/bank', '10.1.0.2'),
  doc('DestinationRule', 'shop/cart', 'host: cart, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]'),
  vs(
    'shop/cart',
    'cart',
    'http: [{route: [{destination: {host: cart, subset: v1}, weight: 90}, {destination: {host: bank.pay.svc.cluster.local}, weight: 10}]}]',
  ),
  vs('shop/public', 'shop.example.com', 'gateways: [edge/web], http: [{route: [{destination: {host: cart.shop.svc.cluster.local}}]}]'),
  doc('Gateway', 'edge/web', 'selector: {istio: front}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]'),
  pod('edge/front-1', { labels: '{istio: front}', containers: '{name: istio-proxy, image: x}' }).replace('10.1.0.1', '10.1.0.3'),
  `${service('edge/front', '{name: http2, port: 80, targetPort: 80}', 'clusterIP: 10.0.0.3, type: LoadBalancer').replace('app: front', 'istio: front')}status: {loadBalancer: {ingress: [{ip: 192.0.2.7}]}}\n`,
  ...[0, 1, 2].flatMap((i) => [
    service(`far/s${i}`, undefined, `clusterIP: 10.0.1.${i}`),
    at(`far/s${i}-1`, `10.2.0.${i}`, `{app: s${i}}`),
    slice(`far/s${i}`, `10.2.0.${i}`),
  ]),
];

let cluster: FakeCluster;
let command: CommandProcess;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-describe-'));
  writeFileSync(join(folder, 'mesh.yaml'), documents.join('---\n'));
  cluster = await fakeCluster(documents.flatMap((text) => loadAll(text) as KubeObject[]));
  command = new CommandProcess({ KUBECONFIG: cluster.kubeconfig });
});

afterAll(async () => {
  await command.close();
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
});

async function described(...args: string[]): Promise<unknown> {
  const { stdout, stderr, exit } = await command.run(['x', 'describe', ...args, '-o', 'json']);
  expect(exit, stderr).toBe(0);
  // Places of files; and of a file nobody can say that the pods are all that there are.
  return JSON.parse(stdout, (key, value) => (key === 'file' || key === 'line' ? undefined : value));
}

/** `pods`, `pods in shop`, `pods?labelSelector` that were asked for since. */
function listed(from: number): string[] {
  return cluster.asked
    .slice(from)
    .map(({ path, query }) => {
      const [, namespace, plural = ''] = /^\/apis?\/(?:[^/]+\/)?v[^/]+(?:\/namespaces\/([^/]+))?\/([^/]+)$/.exec(path) ?? [];
      const selector = query.get('labelSelector') ?? (query.get('fieldSelector') ?? '').replace(/,?metadata\.namespace!=[\w-]+/g, '');
      return `${plural}${namespace === undefined ? '' : ` in ${namespace}`}${selector === '' ? '' : `: ${selector}`}`;
    })
    .filter((text) => /^(?:pods|endpointslices)/.test(text))
    .sort();
}

const inPlaces = ['edge', 'pay', 'shop'].flatMap((name) => [`endpointslices in ${name}`, `pods in ${name}`]);
const ofGateways = ['pods: istio=front', 'pods: istio=ingressgateway'];

describe('a description from a cluster', () => {
  it.each<[string, string[], string[]]>([
    ['a service', ['svc/cart.shop'], []],
    ['a pod', ['pod', 'cart-1', '-n', 'shop'], []],
    // Where the namespace is not said, the name is asked for first.
    ['a pod that is the only one of its name', ['pod/cart-1'], ['pods: metadata.name=cart-1']],
    ['a service that is the only one of its name', ['svc/cart'], []],
  ])('%s', async (_, args, more) => {
    const from = cluster.asked.length;
    const ofCluster = await described(...args);
    expect(listed(from)).toEqual([...inPlaces, ...ofGateways, ...more].sort());
    expect(ofCluster).toEqual(await described(...args, '-f', join(folder, 'mesh.yaml'), '--no-use-kube'));
  });

  it('has what it leads to, and the gateway in front', async () => {
    const { stdout } = await command.run(['x', 'describe', 'svc/cart.shop']);
    expect(stdout).toContain('Exposed on Ingress Gateway http://192.0.2.7');
    expect(stdout).toMatch(/the whole service: 1\n/);
    expect(stdout).not.toContain('ERROR');
  });
});
