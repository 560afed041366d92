// What users say of the sidecar by a container of its name in their own pod: over the template, theirs wins.
import { isMap } from '../model/untyped.ts';
import { annotation, savedMap } from './annotations.ts';
import { mergeMaps } from './merge.ts';
import { autoImage, type Container, findContainer, type PodTemplate } from './pod.ts';
import type { PodPatch } from './template.ts';

export interface Overrides {
  containers: Container[];
  initContainers: Container[];
}

/** The user's own containers that the template has, too; `auto` is no image where the template has one. */
export function overridesIn({ spec }: PodTemplate, template: PodPatch): Overrides {
  const own = (list: readonly Container[] | undefined, { name, image: ofTemplate }: Container): Container[] => {
    const found = findContainer(list, name);
    if (!found) return [];
    const { image, ...rest } = found;
    return [image === undefined || (image === autoImage && ofTemplate !== undefined) ? rest : found];
  };
  return {
    containers: (template.spec?.containers ?? []).flatMap((container) => own(spec.containers, container)),
    initContainers: (template.spec?.initContainers ?? []).flatMap((container) => own(spec.initContainers, container)),
  };
}

/** Lays the user's containers over those of a pod, and keeps them in an annotation for a later injection; in place. */
export function applyOverrides(pod: PodTemplate, { containers, initContainers }: Overrides): void {
  if (containers.length === 0 && initContainers.length === 0) return;
  if (containers.length > 0) pod.spec = mergeMaps(pod.spec, { containers }, ['spec']);
  if (initContainers.length > 0) pod.spec = mergeMaps(pod.spec, { initContainers }, ['spec']);
  const saved = { ...(containers.length > 0 ? { containers } : {}), ...(initContainers.length > 0 ? { initContainers } : {}) };
  pod.metadata.annotations = { ...pod.metadata.annotations, [annotation.overrides]: JSON.stringify(saved) };
}

/** What an earlier injection kept; what cannot be read is nothing. */
export function savedOverrides({ metadata }: PodTemplate): Overrides {
  const lists = savedMap(metadata.annotations?.[annotation.overrides]);
  const containers = (value: unknown): Container[] =>
    Array.isArray(value) ? value.filter((item): item is Container => isMap(item) && typeof item.name === 'string') : [];
  return { containers: containers(lists.containers), initContainers: containers(lists.initContainers) };
}
