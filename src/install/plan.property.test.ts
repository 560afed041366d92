// Whatever values are installed, the same again changes nothing, and going from one to the other is complete.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KubeObject } from '../kube/object.ts';
import { mergeValues } from './merge.ts';
import { isDone, type Plan, planOf } from './plan.ts';
import { renderManifests } from './render/manifests.ts';
import type { RenderedObject } from './render/object.ts';
import { applied } from './testing.ts';

const setting = fc.oneof(
  fc.integer({ min: 1, max: 5 }).map((count) => `controller.replicas=${count}`),
  fc.constantFrom('1', '1000m', '0.5', '750m').map((cpu) => `controller.resources.requests.cpu=${cpu}`),
  fc.constantFrom('1Gi', '1024Mi', '512Mi').map((memory) => `controller.resources.requests.memory=${memory}`),
  fc.constantFrom('info', 'debug').map((level) => `controller.logLevel=${level}`),
  fc.constantFrom('a', 'b', '').map((value) => `controller.env.A=${value}`),
  fc.constantFrom('a', 'b').map((value) => `controller.podAnnotations.${value}=x`),
  fc.constantFrom('linux', 'windows').map((system) => `controller.nodeSelector.kubernetes\\.io/os=${system}`),
  fc.constantFrom('Exists', 'Equal').map((operator) => `controller.tolerations[0].operator=${operator}`),
  fc.boolean().map((on) => `gateways[0].enabled=${on}`),
  fc.boolean().map((on) => `gateways[1].enabled=${on}`),
  fc.constantFrom(0, 7).map((most) => `gateways[0].maxReplicas=${most}`),
  fc.constantFrom(80, 8080).map((port) => `gateways[0].service.ports[1].targetPort=${port}`),
  fc.boolean().map((on) => `injector.enableNamespacesByDefault=${on}`),
  fc.boolean().map((on) => `injector.enabled=${on}`),
  fc.boolean().map((on) => `validation.enabled=${on}`),
  fc.constantFrom('Fail', 'Ignore').map((policy) => `injector.failurePolicy=${policy}`),
  fc.constantFrom('/dev/stdout', '').map((file) => `meshConfig.accessLogFile=${file}`),
  fc.constantFrom('embedded', 'envoy').map((engine) => `proxy.engine=${engine}`),
);

/** Definitions are the same for all, and large. */
const settings = fc.uniqueArray(setting, { maxLength: 6, selector: (text) => text.replace(/=.*/, '') }).map((set) => ['crds.enabled=false', ...set]);

function render(set: readonly string[]): RenderedObject[] {
  const { values, overrides, problems } = mergeValues({ files: [], set });
  expect(problems).toEqual([]);
  return renderManifests(values, { weftVersion: '0.2.0', overrides });
}

const plan = (desired: readonly RenderedObject[], live: readonly KubeObject[]): Plan =>
  planOf(desired, live, { owner: 'istio-system', revision: 'default', version: '0.2.0' });

/** The cluster after a plan was done. */
function after({ objects }: Plan): KubeObject[] {
  return objects.flatMap(({ action, desired, live }) =>
    action === 'remove' ? [] : [action === 'unchanged' ? (live as KubeObject) : applied(desired as KubeObject)],
  );
}

it('after it was done, a plan is empty', () => {
  fc.assert(
    fc.property(settings, (set) => {
      const installed = after(plan(render(set), []));
      const again = plan(render(set), installed);
      expect(again.objects.filter(({ action }) => action !== 'unchanged')).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

it('from one installation to another, and back', () => {
  fc.assert(
    fc.property(settings, settings, (before, now) => {
      const installed = after(plan(render(before), []));
      const there = after(plan(render(now), installed));
      expect(isDone(plan(render(now), there))).toBe(true);
      // Nothing of the first is left, and nothing of the second is missing.
      const names = (objects: readonly KubeObject[]): string[] => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
      const isOfNobody = (name: string): boolean => name.startsWith('Namespace');
      expect(names(there).filter((name) => !isOfNobody(name))).toEqual(names(render(now).map(({ object }) => object)).filter((name) => !isOfNobody(name)));
      const back = after(plan(render(before), there));
      expect(isDone(plan(render(before), back))).toBe(true);
      // A change that a plan does not see would stay.
      const byName = (objects: readonly KubeObject[]): KubeObject[] =>
        objects.toSorted((a, b) => (`${a.kind} ${a.metadata.name}` < `${b.kind} ${b.metadata.name}` ? -1 : 1));
      expect(byName(back)).toEqual(byName(installed));
    }),
    { numRuns: 60 },
  );
}, 60_000);
