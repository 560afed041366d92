import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/error.ts';
import { type KubeObject, refOf } from '../kube/object.ts';
import { ApplyFailure, type ApplyOptions, applyPlan } from './apply.ts';
import type { Plan, PlannedObject } from './plan.ts';

const namespace = 'istio-system';

function created(object: KubeObject): PlannedObject {
  return { action: 'create', component: 'Controller', ref: refOf(object), desired: object, live: undefined, changes: [] };
}

const plan: Plan = {
  objects: [
    created({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'weft-controller', namespace } }),
    created({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'weft-values', namespace }, data: { version: '2' } }),
  ],
};

/** Applies the plan to a cluster that refuses one kind. */
async function run(refused: string): Promise<{ failure: unknown; written: unknown[]; started: string[] }> {
  const written: unknown[] = [];
  const started: string[] = [];
  const client = {
    apply: async ({ kind, data }: KubeObject): Promise<void> => {
      if (kind === refused) throw new KubeError(`cannot apply ${kind}`, { reason: 'Forbidden', status: 403 });
      written.push(data ?? kind);
    },
  };
  const events: ApplyOptions['events'] = { started: ({ name }) => started.push(name), waiting: () => {}, finished: () => {} };
  const options = { revision: 'default', version: '2', force: false, wait: false, timeoutMs: 1_000, events };
  const failure = await applyPlan(client as unknown as KubeClient, plan, options).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { failure, written, started };
}

describe('a plan that is applied', () => {
  it('is marked as under way first, and as complete last', async () => {
    expect(await run('nothing')).toEqual({
      failure: undefined,
      written: [{ phase: 'installing', target: '2' }, 'ServiceAccount', { version: '2' }],
      started: ['controller', 'record'],
    });
  });

  it('fails as the record where the mark cannot be written, before anything else', async () => {
    const { failure, written, started } = await run('ConfigMap');
    expect(failure).toBeInstanceOf(ApplyFailure);
    expect(failure).toMatchObject({ step: 'record', message: 'cannot apply ConfigMap' });
    expect({ written, started }).toEqual({ written: [], started: [] });
  });

  it('fails as the step that something is refused in', async () => {
    const { failure, written } = await run('ServiceAccount');
    expect(failure).toMatchObject({ step: 'controller' });
    expect(written).toEqual([{ phase: 'installing', target: '2' }]);
  });
});
