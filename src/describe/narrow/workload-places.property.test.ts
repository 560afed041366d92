// Pods and endpoints of other namespaces cannot matter: descriptions with all of them, and with those of the places, are the same.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import type { Resource } from '../../manifest/resource.ts';
import { Mesh } from '../../model/mesh.ts';
import { matchesLabels } from '../../model/selectors.ts';
import { Services } from '../../model/services.ts';
import { randomObjects, resourceOf, type TestObject } from '../../translate/incremental/random/testing.ts';
import { findService, findWorkload } from '../find.ts';
import { describePod } from '../pod.ts';
import { describeService } from '../service.ts';
import { difference, elsewhere } from './testing.ts';
import { strangeAddresses, type WorkloadPlaces, workloadPlaces } from './workload-places.ts';

const ofWorkloads: ReadonlySet<string> = new Set(['Pod', 'EndpointSlice', 'Endpoints', 'Deployment', 'StatefulSet', 'DaemonSet', 'CronJob']);

/** As of a cluster, which has the endpoints that there are, and was asked for kinds of which it has none. */
function meshOfResources(resources: readonly Resource[], asked = resources): Mesh {
  return new Mesh(resources, { ...meshOf('', { preset: 'recommended' }).options, known: new Set(asked.map(({ kindName }) => kindName)) });
}

let leftOut = 0;

/** As a cluster is read: what is left is in one of the places, a pod of a gateway, or one that is listed. */
function narrowed(resources: readonly Resource[], places: WorkloadPlaces): Mesh {
  const { namespaces, gateways } = places;
  const isKept = ({ kindName, namespace, labels }: Resource): boolean =>
    !ofWorkloads.has(kindName) || namespaces.has(namespace) || (kindName === 'Pod' && gateways.some((selector) => matchesLabels(selector, labels)));
  const strange = strangeAddresses(meshOfResources(resources.filter(isKept), resources), places);
  const kept = resources.filter((one) => isKept(one) || (one.kindName === 'Pod' && strange.includes(addressOf(one))));
  leftOut += resources.length - kept.length;
  return meshOfResources(kept, resources);
}

function addressOf({ raw }: Resource): string {
  return (raw.status as { podIP?: string } | undefined)?.podIP ?? '';
}

/** No two pods have one address. */
function withOwnAddresses(objects: readonly TestObject[]): TestObject[] {
  const taken = new Set<string>();
  return objects.map((object) => {
    const status = object.kind === 'Pod' ? (object.more?.status as { podIP?: string } | undefined) : undefined;
    if (!status?.podIP) return object;
    const podIP = taken.has(status.podIP) ? `10.1.1.${taken.size}` : status.podIP;
    taken.add(podIP);
    return { ...object, more: { ...object.more, status: { ...status, podIP } } };
  });
}

it('descriptions of services and pods do not depend on workloads of other places', () => {
  fc.assert(
    fc.property(randomObjects, randomObjects, fc.boolean(), (near, far, keepNamespaces) => {
      const resources = withOwnAddresses([...near, ...elsewhere(far, keepNamespaces)]).map(resourceOf);
      const whole = meshOfResources(resources);
      const known = meshOfResources(resources.filter(({ kindName }) => !ofWorkloads.has(kindName)));
      for (const { name, namespace, source } of Services.of(whole).all.slice(0, 4)) {
        if (source !== 'kubernetes') continue;
        const mesh = narrowed(resources, workloadPlaces(known, { kind: 'Service', namespace, name }));
        const [found, expected] = [mesh, whole].map((one) => describeService(one, findService(one, namespace, name) as never));
        expect(difference(found, expected)).toBeUndefined();
      }
      for (const { namespace, name } of whole.allWorkloads().slice(0, 4)) {
        const mesh = narrowed(resources, workloadPlaces(known, { kind: 'Pod', namespace, name }));
        const [found, expected] = [mesh, whole].map((one) => describePod(one, findWorkload(one, namespace, name) as never));
        expect(difference(found, expected)).toBeUndefined();
      }
    }),
    { numRuns: Number(process.env.NARROW_RUNS ?? 60) },
  );
  expect(leftOut, 'nothing was left out').toBeGreaterThan(10);
}, 120_000);
