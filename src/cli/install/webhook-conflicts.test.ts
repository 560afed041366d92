import { expect, it } from 'vitest';
import { planOf } from '../../install/plan.ts';
import type { KubeObject } from '../../kube/object.ts';
import { webhookConflicts } from './webhook-conflicts.ts';

/** As the injector of a revision has it. */
function injector(name: string, revision: string): KubeObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name, labels: { 'istio.io/rev': revision } },
    webhooks: [
      {
        name: 'rev.namespace.sidecar-injector.istio.io',
        clientConfig: { service: { name: 'nobody', namespace: 'istio-system' } },
        namespaceSelector: { matchExpressions: [{ key: 'istio.io/rev', operator: 'In', values: [revision] }] },
        objectSelector: { matchExpressions: [{ key: 'sidecar.istio.io/inject', operator: 'NotIn', values: ['false'] }] },
      },
    ],
  };
}

const now = new Date('2025-06-01T00:00:00Z');

it.each([
  ['nothing else', [], 0],
  ['itself, from before', [injector('weft-sidecar-injector', 'default')], 0],
  ['another revision', [injector('istio-sidecar-injector-canary', 'canary')], 0],
  ['another injector of the same revision', [injector('istio-sidecar-injector', 'default')], 1],
  ['two others that are in conflict with each other only', [injector('a', 'canary'), injector('b', 'canary')], 0],
])('beside %s', (_, live, count) => {
  const desired = [{ component: 'Controller', object: injector('weft-sidecar-injector', 'default'), shared: false }];
  const plan = planOf(desired, live, { owner: 'istio-system', revision: 'default', version: '0.1.0' });
  const found = webhookConflicts(plan, live, now);
  expect(found).toHaveLength(count);
  if (count > 0) expect(found[0]).toContain('istio-sidecar-injector/rev.namespace.sidecar-injector.istio.io');
});
