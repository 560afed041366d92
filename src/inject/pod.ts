// Pods as injection sees them: what it reads has a type, and everything else is carried along.
import { formatPath, type Path } from '../manifest/problem.ts';
import { isMap } from '../model/untyped.ts';
import { InjectionError } from './error.ts';

export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: Record<string, unknown>;
}

export interface ContainerPort {
  name?: string;
  containerPort?: number;
  protocol?: string;
}

/** A probe, or a hook of a lifecycle. */
export interface Handler {
  httpGet?: { path?: string; port?: number | string; host?: string; scheme?: string; httpHeaders?: unknown };
  tcpSocket?: { port?: number | string; host?: string };
  grpc?: { port?: number; service?: string | null };
  timeoutSeconds?: number;
  [field: string]: unknown;
}

export interface Container {
  name: string;
  image?: string;
  args?: string[];
  env?: EnvVar[];
  ports?: ContainerPort[];
  volumeMounts?: { name?: string; mountPath?: string; [field: string]: unknown }[];
  readinessProbe?: Handler;
  livenessProbe?: Handler;
  startupProbe?: Handler;
  lifecycle?: { postStart?: Handler; preStop?: Handler };
  securityContext?: { runAsUser?: number; runAsGroup?: number; [field: string]: unknown };
  resources?: Record<string, unknown>;
  restartPolicy?: string;
  [field: string]: unknown;
}

export interface Volume {
  name: string;
  [source: string]: unknown;
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
  imagePullSecrets?: { name?: string }[];
  hostNetwork?: boolean;
  [field: string]: unknown;
}

export interface PodMetadata {
  name?: string;
  generateName?: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: unknown;
  [field: string]: unknown;
}

/** A pod, or the template of one. */
export interface PodTemplate {
  metadata: PodMetadata;
  spec: PodSpec;
}

/** Names of the containers that injection adds. */
export const proxyName = 'istio-proxy';
export const initName = 'istio-init';
export const validationName = 'istio-validation';

/** The image of a container of the user's that stands for "the one of the injector". */
export const autoImage = 'auto';

export function findContainer(containers: readonly Container[] | undefined, name: string): Container | undefined {
  return containers?.find((container) => container.name === name);
}

/** The sidecar, wherever it is among the containers. */
export function sidecarOf({ containers, initContainers }: PodSpec): Container | undefined {
  return findContainer(containers, proxyName) ?? findContainer(initContainers, proxyName);
}

/**
 * A copy of a pod, with the shape that injection relies on. Fields of the pod other than metadata and spec are none of its business.
 *
 * @throws InjectionError for what is no pod
 */
export function podOf(value: { metadata?: unknown; spec?: unknown }): PodTemplate {
  const metadata = value.metadata ?? {};
  if (!isMap(metadata)) throw wrong(['metadata'], 'a map', metadata);
  for (const field of ['labels', 'annotations'] as const) checkTexts(metadata[field], ['metadata', field]);
  if (!isMap(value.spec)) throw wrong(['spec'], 'a map', value.spec);
  const { spec } = value;
  if (!Array.isArray(spec.containers)) throw wrong(['spec', 'containers'], 'a list of containers', spec.containers);
  for (const field of ['containers', 'initContainers'] as const) {
    const path = ['spec', field];
    for (const [index, container] of named(spec[field], path).entries()) checkContainer(container, [...path, index]);
  }
  named(spec.volumes, ['spec', 'volumes']);
  maps(spec.imagePullSecrets, ['spec', 'imagePullSecrets']);
  const pod = structuredClone({ metadata, spec }) as PodTemplate;
  dropNulls(pod.metadata, ['labels', 'annotations']);
  dropNulls(pod.spec, ['initContainers', 'volumes', 'imagePullSecrets']);
  for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])])
    dropNulls(container, ['env', 'ports', 'volumeMounts', 'lifecycle', 'securityContext', 'readinessProbe', 'livenessProbe', 'startupProbe']);
  return pod;
}

/** What is null is not there. */
function dropNulls(map: Record<string, unknown>, fields: readonly string[]): void {
  for (const field of fields) if (map[field] === null) delete map[field];
}

function checkContainer(container: Record<string, unknown>, path: Path): void {
  named(container.env, [...path, 'env']);
  maps(container.ports, [...path, 'ports']);
  maps(container.volumeMounts, [...path, 'volumeMounts']);
  const { lifecycle } = container;
  for (const field of ['lifecycle', 'securityContext', 'readinessProbe', 'livenessProbe', 'startupProbe']) {
    if (container[field] != null && !isMap(container[field])) throw wrong([...path, field], 'a map', container[field]);
  }
  const handlers: [unknown, Path][] = [
    ...['readinessProbe', 'livenessProbe', 'startupProbe'].map((field): [unknown, Path] => [container[field], [...path, field]]),
    ...['postStart', 'preStop'].map((field): [unknown, Path] => [isMap(lifecycle) ? lifecycle[field] : undefined, [...path, 'lifecycle', field]]),
  ];
  for (const [handler, at] of handlers) {
    if (handler != null && !isMap(handler)) throw wrong(at, 'a map', handler);
    for (const kind of ['httpGet', 'tcpSocket', 'grpc']) {
      const action = isMap(handler) ? handler[kind] : undefined;
      if (action != null && !isMap(action)) throw wrong([...at, kind], 'a map', action);
    }
  }
}

/** A list of maps; absent or null: none. */
function maps(value: unknown, path: Path): Record<string, unknown>[] {
  if (value == null) return [];
  if (!Array.isArray(value)) throw wrong(path, 'a list', value);
  for (const [index, item] of value.entries()) if (!isMap(item)) throw wrong([...path, index], 'a map', item);
  return value;
}

function named(value: unknown, path: Path): Record<string, unknown>[] {
  const list = maps(value, path);
  for (const [index, { name }] of list.entries()) if (typeof name !== 'string') throw wrong([...path, index, 'name'], 'text', name);
  return list;
}

/** Null is not there. */
function checkTexts(value: unknown, path: Path): void {
  if (value == null) return;
  if (!isMap(value)) throw wrong(path, 'a map', value);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string')
      throw new InjectionError(`${formatPath([...path, key])} has to be text, not ${JSON.stringify(text)}`, [...path, key], 'Put it in quotes.');
  }
}

function wrong(path: Path, wanted: string, value: unknown): InjectionError {
  const found =
    value === undefined ? 'is missing' : `is ${value === null ? 'null' : Array.isArray(value) ? 'a list' : isMap(value) ? 'a map' : JSON.stringify(value)}`;
  return new InjectionError(`${formatPath(path)} ${found}, and has to be ${wanted}`, path);
}
