import { describe, expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import { sourceText } from '../../manifest/files.ts';
import { loadSource } from '../../manifest/load.ts';
import type { Resource } from '../../manifest/resource.ts';
import { keepAssigned } from './keep-assigned.ts';

function load(yaml: string): readonly Resource[] {
  return loadSource(sourceText('mesh.yaml', yaml), { defaultNamespace: '' }).resources;
}

const service = (spec: string, meta = '') => `apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop${meta}}\nspec: {${spec}}\n`;

function kept(file: string, cluster: string) {
  const mesh = meshOf(file);
  const found = keepAssigned(mesh, mesh.list('Service'), load(cluster)).find('Service', 'shop', 'cart');
  return found && { ...found.raw.metadata, spec: found.spec };
}

describe('keepAssigned', () => {
  it('keeps the address and the creation time of a Service', () => {
    const found = kept(
      service('ports: [{port: 80}]'),
      service('clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], ports: [{port: 81}]', ', creationTimestamp: "2024-01-01T00:00:00Z"'),
    );
    expect(found).toMatchObject({
      spec: { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ports: [{ port: 80 }] },
      creationTimestamp: '2024-01-01T00:00:00Z',
    });
  });

  it.each([
    ['an address that the file asks for', 'clusterIP: 10.0.0.9, ports: [{port: 80}]', '10.0.0.9'],
    ['a Service that becomes headless', 'clusterIP: None, ports: [{port: 80}]', 'None'],
    ['a Service that becomes a name', 'type: ExternalName, externalName: a.example', undefined],
  ])('%s counts', (_, spec, expected) => {
    expect(kept(service(spec), service('clusterIP: 10.0.0.1, ports: [{port: 80}]'))?.spec.clusterIP).toBe(expected);
  });

  it('leaves what the cluster does not have as it is', () => {
    const mesh = meshOf(service('ports: [{port: 80}]'));
    expect(keepAssigned(mesh, mesh.list('Service'), [])).toBe(mesh);
  });
});
