import { expect, it } from 'vitest';
import type { WantedKind } from '../../kube/load.ts';
import { wantedKinds } from './wanted-kinds.ts';

const configuration: WantedKind = { kind: 'ConfigMap', namespace: 'mesh', fieldSelector: 'metadata.name=istio' };
const kinds = (...names: string[]): WantedKind[] => names.map((kind) => ({ kind }));
const definition = (plural: string): WantedKind => ({ kind: 'CustomResourceDefinition', fieldSelector: `metadata.name=${plural}.rbac.istio.io` });

it.each<[string, { reads: string[]; templates?: boolean; groups?: string[] }, WantedKind[]]>([
  ['nothing: the mesh configuration', { reads: [] }, [configuration]],
  ['kinds, large ones first', { reads: ['Gateway', 'VirtualService', 'Service'] }, [...kinds('VirtualService', 'Service', 'Gateway'), configuration]],
  ['labels of nodes', { reads: ['Node'] }, [{ kind: 'Node', metadataOnly: true }, configuration]],
  ['pods alone', { reads: ['Pod'], templates: false }, [...kinds('Pod'), configuration]],
  ['pods and what makes them', { reads: ['Pod'] }, [...kinds('Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'), configuration]],
  ['what is in a ConfigMap', { reads: ['MeshConfig', 'MeshNetworks'] }, [configuration]],
  ['all ConfigMaps of the control plane', { reads: ['ConfigMap'] }, [{ kind: 'ConfigMap', namespace: 'mesh' }]],
  ['Secrets come later', { reads: ['Secret', 'Gateway'] }, [...kinds('Gateway'), configuration]],
  ['definitions that nobody has any more', { reads: ['CustomResourceDefinition'] }, [configuration]],
  [
    'definitions that somebody still has',
    { reads: ['CustomResourceDefinition'], groups: ['rbac.istio.io'] },
    [configuration, ...['clusterrbacconfigs', 'rbacconfigs', 'serviceroles', 'servicerolebindings'].map(definition)],
  ],
])('%s', (_, { reads, templates = true, groups = [] }, expected) =>
  expect(wantedKinds(reads, { istioNamespace: 'mesh', templates, serves: (group) => groups.includes(group) })).toEqual(expected),
);
