// Injection of one pod: pure, and the same for `weft kube-inject` and the webhook.
import { annotation } from './annotations.ts';
import type { InjectionConfig } from './config.ts';
import type { InjectionContext } from './context.ts';
import { decide } from './decision.ts';
import { followUser } from './init.ts';
import { mergeMaps } from './merge.ts';
import { statusOf } from './metadata.ts';
import { orderContainers } from './order.ts';
import { applyOverrides, overridesIn } from './overrides.ts';
import { findContainer, initName, type PodTemplate, podOf, proxyName, sidecarOf, validationName } from './pod.ts';
import { rewriteProbes } from './probes.ts';
import { mergeMetrics } from './prometheus.ts';
import { undoInjection } from './reinjection.ts';
import { settingsOf } from './settings.ts';
import { ownedNames, type PodPatch, patchOf, templateNames } from './template.ts';

export type Injection = { injected: true; pod: PodTemplate } | { injected: false; reason: string };

/**
 * Puts the sidecar into a pod, or the template of one, where it is to have one.
 *
 * A pod that was injected before (it has the annotation `sidecar.istio.io/status`) is injected anew: with the same configuration it
 * stays as it is.
 *
 * @param pod metadata and spec; not changed
 * @throws InjectionError for what is no pod, for annotations that make no sense, and for templates that are not there
 */
export function injectPod(pod: { metadata?: unknown; spec?: unknown }, context: InjectionContext, config: InjectionConfig): Injection {
  const base = podOf(pod);
  const decision = decide(base, context.namespace, config);
  if (!decision.inject) return { injected: false, reason: decision.reason };
  undoInjection(base, ownedNames(base, config));
  const settings = settingsOf(base, config, context.mesh ?? {}, context.nodeVersions ?? []);
  const input = { pod: base, context, config, settings };
  let template: PodPatch = {};
  for (const name of templateNames(base, config)) template = mergeMaps(template, patchOf(name, input));
  const { spec: added = {} } = template;

  placeOwn(base, template);
  const overrides = overridesIn(base, template);
  const own = new Set((base.spec.volumes ?? []).map(({ name }) => name));
  const volumes = (added.volumes ?? []).filter(({ name }) => !own.has(name));
  const patch: PodPatch = { ...template, spec: { ...added, volumes } };
  const injected = mergeMaps(base, patch);
  applyOverrides(injected, overrides);
  const user = [...overrides.containers, ...overrides.initContainers].find(({ name }) => name === proxyName);
  const { initContainers } = injected.spec;
  followUser(findContainer(initContainers, initName) ?? findContainer(initContainers, validationName), user?.securityContext);

  // Without a sidecar from a template there is nobody to make probes and to ask for metrics.
  const sidecar = sidecarOf({ containers: [], ...added }) && sidecarOf(injected.spec);
  if (sidecar && settings.mergeMetrics) mergeMetrics(injected.metadata, sidecar, settings.agentPort);
  if (sidecar && settings.rewriteProbes) rewriteProbes(injected.spec, settings.agentPort);
  injected.metadata.annotations = {
    ...injected.metadata.annotations,
    [annotation.status]: JSON.stringify(statusOf({ ...added, volumes }, config.revision)),
    ...config.injectedAnnotations,
  };
  orderContainers(injected.spec, settings.hold);
  for (const field of ['initContainers', 'volumes'] as const) if (injected.spec[field]?.length === 0) delete injected.spec[field];
  return { injected: true, pod: injected };
}

/** What the user says of the sidecar goes to where the template has it: among the containers, or the init containers; in place. */
function placeOwn({ spec }: PodTemplate, template: PodPatch): void {
  const native = findContainer(template.spec?.initContainers, proxyName) !== undefined;
  const plain = findContainer(template.spec?.containers, proxyName) !== undefined;
  const [from, to] = native ? (['containers', 'initContainers'] as const) : (['initContainers', 'containers'] as const);
  const own = findContainer(spec[from], proxyName);
  if (!own || native === plain) return;
  spec[from] = (spec[from] ?? []).filter((container) => container !== own);
  const { restartPolicy: _, ...rest } = own;
  spec[to] = [...(spec[to] ?? []), native ? own : rest];
}
