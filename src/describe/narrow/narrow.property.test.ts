// What is passed over cannot matter: descriptions of all documents, and of those that are kept, are the same.
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { expect, it } from 'vitest';
import type { SourceText } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { Services } from '../../model/services.ts';
import { pipelineOf } from '../../pipeline/testing.ts';
import { randomObjects, resourceOf, type TestObject } from '../../translate/incremental/random/testing.ts';
import { findService, findWorkload } from '../find.ts';
import { describePod } from '../pod.ts';
import { describeService } from '../service.ts';
import { narrowing } from './narrow.ts';
import { difference, elsewhere } from './testing.ts';

function sourceOf(objects: readonly TestObject[]): SourceText {
  const text = objects.map((object) => dump(JSON.parse(JSON.stringify(resourceOf(object).raw)), { noRefs: true })).join('---\n');
  return { name: 'mesh.yaml', text, json: false };
}

type Narrowed = ReturnType<typeof narrowing>;

async function read(source: SourceText, isPassedOver?: Narrowed): Promise<Mesh> {
  const { mesh } = await pipelineOf([source], { defaultNamespace: 'default', isPassedOver });
  return mesh;
}

let passedOver = 0;

function narrow(source: SourceText, kind: string, namespace: string, name: string): Narrowed {
  const found = narrowing([source], { kind, namespace, name, defaultNamespace: 'default', istioNamespace: 'istio-system' }, 0);
  return (
    found &&
    ((document) => {
      const is = found(document);
      if (is) passedOver++;
      return is;
    })
  );
}

it('descriptions of services and pods do not depend on what is passed over', async () => {
  await fc.assert(
    fc.asyncProperty(randomObjects, randomObjects, fc.boolean(), async (near, far, keepNamespaces) => {
      const source = sourceOf([...near, ...elsewhere(far, keepNamespaces)]);
      const whole = await read(source);
      for (const { name, namespace, source: from } of Services.of(whole).all.slice(0, 3)) {
        if (from !== 'kubernetes') continue;
        const mesh = await read(source, narrow(source, 'Service', namespace, name));
        const found = findService(mesh, namespace, name);
        expect(difference(found && describeService(mesh, found), describeService(whole, findService(whole, namespace, name) as never))).toBeUndefined();
      }
      for (const workload of whole.allWorkloads().slice(0, 3)) {
        const { namespace, name } = workload;
        const mesh = await read(source, narrow(source, 'Pod', namespace, name));
        const found = findWorkload(mesh, namespace, name);
        expect(difference(found && describePod(mesh, found), describePod(whole, findWorkload(whole, namespace, name) as never))).toBeUndefined();
      }
    }),
    { numRuns: Number(process.env.NARROW_RUNS ?? 60) },
  );
  expect(passedOver, 'nothing was passed over').toBeGreaterThan(10);
}, 120_000);
