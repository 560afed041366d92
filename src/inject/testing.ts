// What the tests of injection share: a configuration, pods in YAML, and what comes of them.
import { parseYaml } from '../manifest/yaml.ts';
import type { InjectionConfig } from './config.ts';
import type { InjectionContext } from './context.ts';
import { type Injection, injectPod } from './inject.ts';
import type { Operation } from './json-patch.ts';
import { type Container, findContainer, type PodTemplate, sidecarOf } from './pod.ts';
import { parseInjectionConfig } from './read-config.ts';

export function configWith(changes: Partial<InjectionConfig> = {}): InjectionConfig {
  const base = 'image: registry.test/weft:1\nxdsAddress: weft-controller.istio-system.svc:15012\nresources: {requests: {cpu: 100m}}';
  return { ...parseInjectionConfig(base), ...changes };
}

export const webContext: InjectionContext = { namespace: 'shop', owner: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } };

/** `metadata` and `spec` as YAML, each on one line or as a block. */
export function podFrom(metadata = '{labels: {app: web}}', spec = '{containers: [{name: app, image: nginx}]}'): PodTemplate {
  return { metadata: parseYaml(metadata).value, spec: parseYaml(spec).value } as PodTemplate;
}

export function annotated(annotations: string, spec?: string): PodTemplate {
  return podFrom(`{labels: {app: web}, annotations: {${annotations}}}`, spec);
}

export function inject(pod: PodTemplate, config: Partial<InjectionConfig> = {}, context: Partial<InjectionContext> = {}): Injection {
  return injectPod(pod, { ...webContext, ...context }, configWith(config));
}

/** The pod that comes of it. @throws Error where it is not injected */
export function injected(pod: PodTemplate, config: Partial<InjectionConfig> = {}, context: Partial<InjectionContext> = {}): PodTemplate {
  const result = inject(pod, config, context);
  if (!result.injected) throw new Error(result.reason);
  return result.pod;
}

export function sidecarIn({ spec }: PodTemplate): Container {
  const found = sidecarOf(spec);
  if (!found) throw new Error('the pod has no sidecar');
  return found;
}

export function containerIn({ spec }: PodTemplate, name: string): Container {
  const found = findContainer([...spec.containers, ...(spec.initContainers ?? [])], name);
  if (!found) throw new Error(`the pod has no container ${name}`);
  return found;
}

/** What follows an argument; undefined where it is not there. */
export function argumentOf({ args = [] }: Container, flag: string): string | undefined {
  return args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined;
}

/** Applies a JSON patch, as an API server does. @throws Error for an operation that does not fit */
export function applyPatch(value: unknown, operations: readonly Operation[]): unknown {
  const root = { value: structuredClone(value) };
  for (const operation of operations) {
    const keys = ['value', ...operation.path.split('/').slice(1)].map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop() as string;
    const parent = keys.reduce((at: unknown, key) => (at as Record<string, unknown>)[key], root) as Record<string, unknown> | unknown[];
    const index = Number(last);
    if (Array.isArray(parent)) {
      if (index > parent.length - (operation.op === 'add' ? 0 : 1)) throw new Error(`no item ${operation.path}`);
      if (operation.op === 'add') parent.splice(index, 0, structuredClone(operation.value));
      else if (operation.op === 'remove') parent.splice(index, 1);
      else parent[index] = structuredClone(operation.value);
    } else {
      if (operation.op !== 'add' && !Object.hasOwn(parent, last)) throw new Error(`no field ${operation.path}`);
      if (operation.op === 'remove') delete parent[last];
      else parent[last] = structuredClone(operation.value);
    }
  }
  return root.value;
}
