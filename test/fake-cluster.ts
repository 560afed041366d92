// A cluster of nothing but the objects that a test gives it, for what commands make of them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../src/kube/object.ts';
import { type Asked, type FakeApi, fakeApi, json, statusOf } from '../src/kube/testing.ts';

export interface FakeCluster {
  /** File that commands read. */
  kubeconfig: string;
  /** Requests, in the order in which they came. */
  asked: readonly Asked[];
  close(): Promise<void>;
}

/** It lists, by namespaces, labels and a few fields, and does nothing else. */
export async function fakeCluster(objects: readonly KubeObject[]): Promise<FakeCluster> {
  const api: FakeApi = await fakeApi((asked, response) => {
    const { path } = asked;
    if (path === '/api' || path === '/apis') return json(response, 200, discoveryOf(objects, path === '/api'));
    const [, apiVersion = '', namespace, plural = ''] = /^\/apis?\/((?:[^/]+\/)?v[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)$/.exec(path) ?? [];
    const kind = objects.filter((object) => object.apiVersion === apiVersion && pluralOf(object.kind) === plural);
    if (asked.method !== 'GET' || kind.length === 0) return json(response, 404, statusOf(404, 'NotFound', 'there is no such thing'));
    const items = kind.filter((object) => (namespace === undefined || object.metadata.namespace === namespace) && isSelected(object, asked.query));
    json(response, 200, { apiVersion, kind: `${kind[0]?.kind}List`, metadata: { resourceVersion: '1' }, items });
  });
  const folder = mkdtempSync(join(tmpdir(), 'weft-cluster-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const named = { name: 'fake', cluster: { server: api.server }, context: { cluster: 'fake', user: 'fake' }, user: {} };
  writeFileSync(
    kubeconfig,
    JSON.stringify({ apiVersion: 'v1', kind: 'Config', clusters: [named], contexts: [named], users: [named], 'current-context': 'fake' }),
  );
  return {
    kubeconfig,
    asked: api.asked,
    close: async () => {
      await api.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `virtualservices`, `proxies`, `gatewayclasses` */
function pluralOf(kind: string): string {
  const name = kind.toLowerCase();
  return /(?:s|x|ch)$/.test(name) ? `${name}es` : /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`;
}

function discoveryOf(objects: readonly KubeObject[], core: boolean): unknown {
  const own = objects.filter(({ apiVersion }) => apiVersion.includes('/') !== core);
  const groups = Map.groupBy(own, ({ apiVersion }) => (core ? '' : apiVersion.slice(0, apiVersion.indexOf('/'))));
  return {
    kind: 'APIGroupDiscoveryList',
    items: [...groups].map(([name, ofGroup]) => ({
      metadata: { name },
      versions: [...Map.groupBy(ofGroup, ({ apiVersion }) => apiVersion.slice(apiVersion.indexOf('/') + 1))].map(([version, all]) => ({
        version,
        resources: [...Map.groupBy(all, ({ kind }) => kind)].map(([kind, same]) => ({
          resource: pluralOf(kind),
          responseKind: { kind },
          scope: same.some(({ metadata }) => metadata.namespace !== undefined) ? 'Namespaced' : 'Cluster',
          verbs: ['list', 'get'],
        })),
      })),
    })),
  };
}

/** `metadata.name=istio,metadata.namespace!=kube-system`, `status.podIP=10.0.0.1`; labels as `app=cart,version=v1` */
function isSelected(object: KubeObject, query: URLSearchParams): boolean {
  const parts = (name: string): string[] => (query.get(name) ?? '').split(',').filter((part) => part !== '');
  const fields = object as unknown as Record<string, Record<string, string | undefined> | undefined>;
  const byFields = parts('fieldSelector').every((part) => {
    const [, within = '', field = '', not, value] = /^(metadata|status)\.(\w+)(!?)=+(.*)$/.exec(part) ?? [];
    return (fields[within]?.[field] === value) === (not === '');
  });
  return byFields && parts('labelSelector').every((part) => object.metadata.labels?.[part.slice(0, part.indexOf('='))] === part.slice(part.indexOf('=') + 1));
}
