// Templates: each is a strategic merge patch of a pod. `sidecar` and `gateway` are weft's; users bring others in the configuration of
// the injector.
import { nearest } from '../manifest/nearest.ts';
import { parseYaml, YamlError } from '../manifest/yaml.ts';
import { isMap } from '../model/untyped.ts';
import { AnnotationReader, annotation } from './annotations.ts';
import type { InjectionConfig } from './config.ts';
import type { InjectionContext } from './context.ts';
import { InjectionError } from './error.ts';
import { initContainers } from './init.ts';
import { listOf } from './lists.ts';
import { canonicalLabels, captureAnnotations, commonAnnotations, sidecarLabels } from './metadata.ts';
import { fillIn, type PlaceholderValues } from './placeholders.ts';
import { initName, type PodSpec, type PodTemplate, proxyName, validationName } from './pod.ts';
import type { Owned } from './reinjection.ts';
import type { Settings } from './settings.ts';
import { proxyContainer } from './sidecar.ts';
import { checkDistinct, ownVolumes, sidecarVolumes } from './volumes.ts';

export interface PodPatch {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: Partial<PodSpec>;
}

/** What a template is made for. */
export interface TemplateInput {
  /** As the user wrote it. */
  pod: PodTemplate;
  context: InjectionContext;
  config: InjectionConfig;
  settings: Settings;
}

export const builtInTemplates = ['sidecar', 'gateway'] as const;

/** The templates of a pod, in their order. @throws InjectionError where it asks for none */
export function templateNames({ metadata }: PodTemplate, config: InjectionConfig): string[] {
  const asked = metadata.annotations?.[annotation.templates];
  if (asked === undefined) return [...config.defaultTemplates];
  const names = listOf(asked);
  if (names.length > 0) return names;
  throw new InjectionError(`the annotation ${annotation.templates} of the pod names no template`, ['metadata', 'annotations', annotation.templates]);
}

/** @throws InjectionError for a template that is not there, or is no patch of a pod */
export function patchOf(name: string, input: TemplateInput): PodPatch {
  if (name === 'sidecar') return sidecarPatch(input);
  if (name === 'gateway') return gatewayPatch(input);
  const written = Object.hasOwn(input.config.templates, name) ? input.config.templates[name] : undefined;
  if (written !== undefined) return checked(fillIn(parseTemplate(name, written), valuesFor(input), name), name);
  const known = [...builtInTemplates, ...Object.keys(input.config.templates)];
  const near = nearest(name, known);
  throw new InjectionError(
    `the injector has no template "${name}"${near === undefined ? '' : `; did you mean ${near}?`}`,
    ['metadata', 'annotations', annotation.templates],
    `Its templates are ${known.join(', ')}; a pod chooses by the annotation ${annotation.templates}.`,
  );
}

function sidecarPatch({ pod, context, config, settings }: TemplateInput): PodPatch {
  const { volumes, mounts } = sidecarVolumes(settings, new AnnotationReader(pod.metadata.annotations));
  checkDistinct(volumes);
  const proxy = proxyContainer('sidecar', settings, config, mounts);
  const init = initContainers(settings, config);
  return {
    metadata: {
      labels: sidecarLabels(pod.metadata, context.owner),
      annotations: { ...commonAnnotations(pod, config, false), ...captureAnnotations(settings) },
    },
    spec: {
      ...(settings.native ? { initContainers: [...init, { ...proxy, restartPolicy: 'Always' }] } : { initContainers: init, containers: [proxy] }),
      volumes,
      ...pullSecrets(config),
    },
  };
}

/** A pod that is a gateway: its only container may be `istio-proxy` with the image `auto`. */
function gatewayPatch({ pod, context, config, settings }: TemplateInput): PodPatch {
  const { volumes, mounts } = sidecarVolumes(settings, new AnnotationReader(pod.metadata.annotations));
  checkDistinct(volumes);
  return {
    metadata: { labels: canonicalLabels(pod.metadata, context.owner), annotations: commonAnnotations(pod, config, true) },
    spec: {
      // Gateways on ports such as 80 and 443.
      securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }] },
      containers: [proxyContainer('gateway', settings, config, mounts)],
      volumes,
      ...pullSecrets(config),
    },
  };
}

/** Names of everything that templates of this configuration add. @throws InjectionError for annotations that cannot be read */
export function ownedNames({ metadata }: PodTemplate, { templates }: InjectionConfig): Owned {
  const others = Object.entries(templates).map(([name, text]) => checked(parseTemplate(name, text), name).spec ?? {});
  const containers = others.flatMap((spec) => [...(spec.containers ?? []), ...(spec.initContainers ?? [])]);
  return {
    containers: new Set([proxyName, initName, validationName, ...containers.map(({ name }) => name)]),
    volumes: new Set([...ownVolumes(new AnnotationReader(metadata.annotations)), ...others.flatMap(({ volumes = [] }) => volumes.map(({ name }) => name))]),
  };
}

function pullSecrets({ imagePullSecrets = [] }: InjectionConfig): Pick<PodSpec, 'imagePullSecrets'> {
  return imagePullSecrets.length === 0 ? {} : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) };
}

/** @throws InjectionError for what is no YAML, and for a template of the reference */
export function parseTemplate(name: string, text: string): unknown {
  if (text.includes('{{'))
    throw new InjectionError(
      `the template ${name} is a Go template, and those of weft have placeholders such as \${image}`,
      [],
      'docs/injection.md has what they may say.',
    );
  try {
    return parseYaml(text, true).value ?? {};
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new InjectionError(`the template ${name} is not valid YAML (line ${text.slice(0, error.offset).split('\n').length}): ${error.message}`);
  }
}

function checked(value: unknown, name: string): PodPatch {
  const wrong = (text: string): InjectionError => new InjectionError(`the template ${name} is no patch of a pod: ${text}`);
  if (!isMap(value)) throw wrong('it has to be a map with metadata, spec, or both');
  const { metadata = {}, spec = {}, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined) throw wrong(`it has the field ${other}, and only metadata and spec are merged`);
  if (!isMap(metadata) || !isMap(spec)) throw wrong('metadata and spec are maps');
  for (const field of Object.keys(metadata))
    if (field !== 'labels' && field !== 'annotations') throw wrong(`of metadata it may have labels and annotations, not ${field}`);
  for (const field of ['containers', 'initContainers', 'volumes']) {
    const list = spec[field] ?? [];
    if (!Array.isArray(list) || !list.every((item) => isMap(item) && typeof item.name === 'string')) throw wrong(`spec.${field} is a list of maps with names`);
  }
  return { metadata, spec } as PodPatch;
}

function valuesFor({ pod: { metadata, spec }, context: { namespace, owner }, config, settings }: TemplateInput): PlaceholderValues {
  return {
    plain: {
      image: settings.image,
      namespace,
      workload: owner.name,
      kind: owner.kind,
      serviceAccount: typeof spec.serviceAccountName === 'string' ? spec.serviceAccountName : 'default',
      revision: config.revision || 'default',
      istioNamespace: config.istioNamespace,
      xdsAddress: settings.xdsAddress,
      clusterDomain: config.clusterDomain,
      clusterId: config.clusterId,
      meshId: config.meshId,
      trustDomain: config.trustDomain,
    },
    label: metadata.labels ?? {},
    annotation: metadata.annotations ?? {},
  };
}
