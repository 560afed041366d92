import { expect, it } from 'vitest';
import type { Removal } from '../../install/removal.ts';
import type { KubeObject } from '../../kube/object.ts';
import { gatewaysWarning } from './text.ts';

function deployment(name: string, component: string): KubeObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'mesh', labels: { 'weft.mesh/component': component } } };
}

function warning(...objects: KubeObject[]): string | undefined {
  const removal: Removal = { objects, tags: [], namespaces: [], userObjects: new Map() };
  return gatewaysWarning(removal);
}

it('gateways that go with a revision are named', () => {
  const controller = deployment('weft-controller', 'Controller');
  const gateway = deployment('edge', 'IngressGateways');
  expect(warning(controller)).toBeUndefined();
  expect(warning(controller, gateway)).toMatch(/^1 gateway goes with the revision: mesh\/edge\./);
  expect(warning(gateway, deployment('inner', 'IngressGateways'))).toMatch(/^2 gateways go with the revision: mesh\/edge, mesh\/inner\./);
  // Its Service is no second one.
  expect(warning({ ...gateway, kind: 'Service' })).toBeUndefined();
});
