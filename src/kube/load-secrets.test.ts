import { describe, expect, it } from 'vitest';
import type { KubeResource, ListOptions } from './client.ts';
import { KubeError } from './error.ts';
import { loadSecrets } from './load-secrets.ts';
import type { KubeObject, ObjectRef } from './object.ts';

const served: KubeResource[] = [{ group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true, verbs: ['list'], apiVersion: 'v1' }];

const secrets: KubeObject[] = [
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'web', namespace: 'shop' }, data: { 'tls.crt': 'Q0VSVA==', 'tls.key': 'S0VZ', empty: '' } },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'web', namespace: 'other' }, data: { password: 'aHVudGVyMg==' } },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'shop' }, data: { password: 'aHVudGVyMg==' } },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'east', namespace: 'istio-system', labels: { 'istio/multiCluster': 'true' } },
    data: { east: 'a3ViZWNvbmZpZw==' },
  },
];

function fake(refuse: (asked: string) => boolean = () => false) {
  const asked: string[] = [];
  const check = (text: string): void => {
    asked.push(text);
    if (refuse(text)) throw new KubeError(`may not ${text}`, { reason: 'Forbidden', status: 403 });
  };
  return {
    asked,
    list: async (_: KubeResource, { fieldSelector, metadataOnly, namespace }: ListOptions = {}) => {
      check(['list', namespace, metadataOnly && 'metadata', fieldSelector].filter(Boolean).join(' '));
      return { items: secrets.map(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata })), resourceVersion: '1' };
    },
    get: async ({ namespace, name }: ObjectRef) => {
      check(`get ${namespace}/${name}`);
      return secrets.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
    },
  };
}

const dataOf = (objects: readonly KubeObject[]) => Object.fromEntries(objects.map(({ metadata, data }) => [`${metadata.namespace}/${metadata.name}`, data]));

describe('Secrets', () => {
  it('are names, and of the wanted ones certificates and the names of keys', async () => {
    const client = fake();
    const { objects, gap } = await loadSecrets(client, served, { names: new Set(['web']), remoteClusters: false }, {});
    expect(gap).toBeUndefined();
    expect(dataOf(objects)).toEqual({
      'shop/web': { 'tls.crt': 'Q0VSVA==', 'tls.key': 'Kg==', empty: '' },
      'other/web': { password: 'Kg==' },
      'shop/db': undefined,
      'istio-system/east': undefined,
    });
    expect(client.asked).toEqual([
      'list metadata type!=kubernetes.io/service-account-token,type!=helm.sh/release.v1,type!=bootstrap.kubernetes.io/token',
      'get shop/web',
      'get other/web',
    ]);
  });

  it('of other clusters are the names of these', async () => {
    const { objects } = await loadSecrets(fake(), served, { names: new Set(), remoteClusters: true }, {});
    expect(dataOf(objects)['istio-system/east']).toEqual({ east: 'Kg==' });
  });

  it('that may not be read are not there, and others may be, too', async () => {
    const client = fake((asked) => asked === 'get other/web');
    const { objects, gap } = await loadSecrets(client, served, { names: new Set(['web']), remoteClusters: false }, {});
    expect(Object.keys(dataOf(objects))).toEqual(['shop/web', 'shop/db', 'istio-system/east']);
    expect(gap).toEqual({ kind: 'Secret', reason: 'may not get other/web', forbidden: true, readIn: [] });
  });

  it('that may not be listed are a gap', async () => {
    const client = fake((asked) => asked.startsWith('list'));
    expect(await loadSecrets(client, served, { names: new Set(['web']), remoteClusters: false }, {})).toMatchObject({ objects: [], gap: { forbidden: true } });
  });
});
