// Pods that were injected before.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { splitDocuments } from '../manifest/split.ts';
import { parseYaml } from '../manifest/yaml.ts';
import type { InjectionConfig } from './config.ts';
import { type PodTemplate, podOf } from './pod.ts';
import { annotated, injected, podFrom, sidecarIn } from './testing.ts';

const pods: Record<string, PodTemplate> = {
  plain: podFrom(),
  'with probes and metrics': annotated(
    'prometheus.io/port: "8080", prometheus.io/scheme: https',
    '{containers: [{name: app, ports: [{name: web, containerPort: 80}], livenessProbe: {httpGet: {path: /l, port: web}}, readinessProbe: {grpc: {port: 9}}}]}',
  ),
  'with a container of its own': podFrom(
    '{}',
    '{containers: [{name: app}, {name: istio-proxy, image: auto, tty: true, volumeMounts: [{name: istio-envoy, mountPath: /x}]}], volumes: [{name: istio-envoy, emptyDir: {}}]}',
  ),
  'with init containers': podFrom('{}', '{initContainers: [{name: first}], containers: [{name: app}]}'),
  'that is a gateway': annotated('inject.istio.io/templates: gateway', '{containers: [{name: istio-proxy, image: auto, ports: [{containerPort: 8080}]}]}'),
};

const configs: Record<string, Partial<InjectionConfig>> = {
  plain: {},
  native: { nativeSidecar: true },
  'by CNI': { capture: 'cni' },
  'without redirection': { capture: 'none' },
  holding: { holdApplicationUntilProxyStarts: true },
  Envoy: { engine: 'envoy', imagePullSecrets: ['s'] },
  'with a template': {
    templates: { mine: 'spec: {volumes: [{name: extra, emptyDir: {}}], containers: [{name: logs, image: l}]}' },
    defaultTemplates: ['sidecar', 'mine'],
  },
};

describe.each(Object.entries(pods))('a pod %s', (_, pod) => {
  it.each(Object.entries(configs))('%s is the same when it is injected again', (_name, config) => {
    const once = injected(pod, config);
    expect(injected(once, config)).toEqual(once);
  });

  const pairs = Object.keys(configs).flatMap((before) => Object.keys(configs).map((after): [string, string] => [before, after]));
  // A CNI plug-in's annotations stay, as if they were the pod's own; so does what a template added beside the sidecar.
  const reversible = pairs.filter(([before]) => before !== 'by CNI' && before !== 'with a template');
  it.each(reversible.filter(([before, after]) => before !== after && before !== 'Envoy'))(
    '%s, then %s, is as if it had been the second alone',
    (before, after) => {
      expect(injected(injected(pod, configs[before]), configs[after])).toEqual(injected(pod, configs[after]));
    },
  );
});

it('takes the new image', () => {
  const once = injected(podFrom());
  expect(sidecarIn(injected(once, { image: 'registry.test/weft:2' })).image).toBe('registry.test/weft:2');
});

it('leaves alone what a status names and injection does not own', () => {
  const status = JSON.stringify({ containers: ['app'], initContainers: null, volumes: ['data'] });
  const pod = podFrom(
    `{annotations: {sidecar.istio.io/status: '${status}'}}`,
    '{containers: [{name: app, image: mine}], volumes: [{name: data, emptyDir: {}}]}',
  );
  const out = injected(pod);
  expect(out.spec.containers[0]).toEqual({ name: 'app', image: 'mine' });
  expect(out.spec.volumes).toContainEqual({ name: 'data', emptyDir: {} });
});

it.each(['nonsense', '[]', 'null', '{"containers": 1}'])('a status that is %s is no obstacle', (status) => {
  expect(
    injected(podFrom(`{annotations: {sidecar.istio.io/status: '${status}', proxy.istio.io/overrides: '${status}'}}`)).spec.containers.map(({ name }) => name),
  ).toEqual(['app', 'istio-proxy']);
});

const recorded = join(import.meta.dirname, '../../../shared/conformance/inject');
if (!existsSync(recorded)) console.warn(`SKIPPED: no recorded injection in ${recorded}`);

it.skipIf(!existsSync(recorded))('a pod that the reference injected is as if it had not', () => {
  const templateIn = (file: string): PodTemplate => {
    const text = readFileSync(join(recorded, file), 'utf8');
    const [first] = splitDocuments(text);
    return podOf((parseYaml(text.slice(first?.start, first?.end)).value as { spec: { template: PodTemplate } }).spec.template);
  };
  const moved = injected(templateIn('inject-output.yaml'));
  const fresh = injected(templateIn('inject-input.yaml'));
  // The reference writes out an empty map, and has resolved the name of a port.
  for (const container of moved.spec.containers) if (container.name === 'app') delete container.resources;
  expect(moved).toEqual(fresh);
});
