// Whatever is written, descriptions end, are plain data, and are the same twice; and people can read them.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { plainStyle } from '../src/analysis/report/style.ts';
import { podText, serviceText, type TextOptions } from '../src/cli/describe/text.ts';
import { Places } from '../src/cli/route/places.ts';
import { describePod } from '../src/describe/pod.ts';
import { describeService } from '../src/describe/service.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { Services } from '../src/model/services.ts';
import { pipelineOf } from '../src/pipeline/testing.ts';
import { meshObjects } from './envoy/mesh-arbitrary.ts';

async function read(objects: readonly object[]): Promise<Mesh> {
  const { mesh } = await pipelineOf(
    objects.map((object, i) => ({ name: `${i}.json`, text: JSON.stringify(object), json: true })),
    { defaultNamespace: 'default' },
  );
  return mesh;
}

/** Values of the wrong types where core kinds have others: no schema keeps them out. */
const odd = fc.constantFrom<unknown>(null, 0, -1, 'x', '', true, [], {}, [null], ['x'], [{}], { a: null }, { a: { b: [1] } });

/** Puts a value somewhere into an object. */
function spoiled(object: Record<string, unknown>, at: number, value: unknown): Record<string, unknown> {
  const copy = structuredClone(object);
  const places: [Record<string, unknown>, string][] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      if (!['apiVersion', 'kind', 'metadata', 'name', 'namespace'].includes(key)) places.push([node as Record<string, unknown>, key]);
      walk((node as Record<string, unknown>)[key]);
    }
  };
  walk(copy);
  const [holder, key] = places[at % Math.max(1, places.length)] ?? [];
  if (holder && key !== undefined) holder[key] = value;
  return copy;
}

it('never fails, and says the same twice', async () => {
  let described = 0;
  await fc.assert(
    fc.asyncProperty(meshObjects, fc.array(fc.tuple(fc.nat(), fc.nat(), odd), { maxLength: 4 }), async (objects, spoils) => {
      let all: Record<string, unknown>[] = objects.map((object) => ({ ...object }));
      for (const [which, at, value] of spoils) all = all.map((object, i) => (i === which % all.length ? spoiled(object, at, value) : object));
      const [mesh, again] = await Promise.all([read(all), read(all)]);
      const options: TextOptions = { style: plainStyle, places: new Places(mesh), namespace: 'shop', ignoreUnmeshed: true };
      for (const [i, service] of Services.of(mesh).all.entries()) {
        const found = describeService(mesh, service);
        expect(JSON.parse(JSON.stringify(found))).toEqual(found);
        expect(describeService(again, Services.of(again).all[i] as typeof service)).toEqual(found);
        expect(serviceText(found, options)).toMatch(/^(?:No problems|\d+ problems?)/);
        described++;
      }
      for (const [i, workload] of mesh.allWorkloads().entries()) {
        const found = describePod(mesh, workload);
        expect(JSON.parse(JSON.stringify(found))).toEqual(found);
        expect(describePod(again, again.allWorkloads()[i] as typeof workload)).toEqual(found);
        expect(podText(found, options)).toMatch(/^(?:No problems|\d+ problems?)/);
        described++;
      }
    }),
    { numRuns: Number(process.env.DESCRIBE_RUNS ?? 60) },
  );
  expect(described).toBeGreaterThan(50);
}, 120_000);
