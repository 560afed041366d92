import { describe, expect, it } from 'vitest';
import type { PodTemplate } from './pod.ts';
import { annotated, argumentOf, containerIn, injected, podFrom, sidecarIn, webContext } from './testing.ts';

const annotationsOf = (pod: PodTemplate): Record<string, string> => pod.metadata.annotations ?? {};

describe('gateways', () => {
  const gateway = (spec = '{containers: [{name: istio-proxy, image: auto, ports: [{containerPort: 8080}]}]}', config = {}): PodTemplate =>
    injected(podFrom('{labels: {istio: edge}, annotations: {inject.istio.io/templates: gateway}}', spec), config, {
      owner: { ...webContext.owner, name: 'edge' },
    });

  it('listen everywhere, and nothing is redirected', () => {
    const sidecar = sidecarIn(gateway());
    expect(argumentOf(sidecar, '--gateway')).toBe('$(POD_NAMESPACE)/$(POD_NAME)');
    expect(argumentOf(sidecar, '--bind')).toBe('*');
    expect(sidecar.args).not.toContain('--capture');
    expect(sidecar.args).not.toContain('--proxy');
    expect(sidecar).toMatchObject({ image: 'registry.test/weft:1', ports: [{ containerPort: 8080 }, { containerPort: 15090 }] });
    expect(gateway().spec.initContainers).toBeUndefined();
  });

  it('are never native, and wait for nobody', () => {
    const pod = gateway(undefined, { nativeSidecar: true, holdApplicationUntilProxyStarts: true });
    expect(pod.spec.containers.map(({ name }) => name)).toEqual(['istio-proxy']);
    expect(pod.spec.initContainers).toBeUndefined();
    expect(sidecarIn(pod).lifecycle).toBeUndefined();
    expect(argumentOf(sidecarIn(pod), '--drain-delay')).toBe('5s');
  });

  it('may have low ports, beside what else the pod says', () => {
    const pod = gateway('{securityContext: {fsGroup: 1, sysctls: [{name: a.b, value: "1"}]}, containers: [{name: istio-proxy, image: auto}]}');
    expect(pod.spec.securityContext).toEqual({
      fsGroup: 1,
      sysctls: [
        { name: 'a.b', value: '1' },
        { name: 'net.ipv4.ip_unprivileged_port_start', value: '0' },
      ],
    });
  });

  it('take no mTLS of the mesh, and are what kubectl takes', () => {
    const { metadata } = gateway();
    expect(metadata.labels).not.toHaveProperty('security.istio.io/tlsMode');
    expect(metadata.labels).toMatchObject({ 'service.istio.io/canonical-name': 'edge' });
    expect(metadata.annotations).toMatchObject({ 'kubectl.kubernetes.io/default-container': 'istio-proxy' });
  });
});

describe('templates of the user', () => {
  const template = (yaml: string, metadata = '{labels: {app: web}}'): PodTemplate =>
    injected(podFrom(metadata), { templates: { mine: yaml }, defaultTemplates: ['sidecar', 'mine'] });

  it('add and change', () => {
    const pod = template(`
metadata: { annotations: { team: "\${label:team|none}" } }
spec:
  dnsConfig: { searches: ["\${namespace}.global"] }
  containers:
    - name: istio-proxy
      env: [{ name: REVISION, value: "\${revision} of \${workload}" }]
    - name: logs
      image: "\${image}"
      args: ["$\${literal}"]
`);
    expect(pod.metadata.annotations).toMatchObject({ team: 'none' });
    expect(pod.spec.dnsConfig).toEqual({ searches: ['shop.global'] });
    expect(sidecarIn(pod).env?.at(-1)).toEqual({ name: 'REVISION', value: 'default of web' });
    expect(containerIn(pod, 'logs')).toEqual({ name: 'logs', image: 'registry.test/weft:1', args: ['${literal}'] });
  });

  it('take variables and fields away', () => {
    const pod = template('spec: {containers: [{name: istio-proxy, startupProbe: null, env: [{name: POD_NAME, $patch: delete}]}]}');
    expect(sidecarIn(pod)).not.toHaveProperty('startupProbe');
    expect(sidecarIn(pod).env?.map(({ name }) => name)).not.toContain('POD_NAME');
  });

  it('a value cannot become YAML', () => {
    const pod = template('metadata: {annotations: {note: "${annotation:note}"}}', '{annotations: {note: "a\\nspec: {hostNetwork: true}"}}');
    expect(pod.spec.hostNetwork).toBeUndefined();
  });

  it.each([
    ['spec: {containers: "${image}"}', 'is a list of maps'],
    ['kind: Pod', 'kind'],
    ['[1]', 'has to be a map'],
    ['metadata: {name: x}', 'name'],
    ['spec: {containers: [{image: x}]}', 'maps with names'],
    ['spec: {dnsPolicy: "${nothing}"}', '${nothing}'],
    ['spec: {dnsPolicy: "${imag}"}', 'did you mean ${image}'],
    ['spec: {$patch: other}', '$patch'],
    ['spec: {$setElementOrder/containers: []}', '$setElementOrder'],
  ])('%s', (yaml, text) => {
    expect(() => template(yaml)).toThrow(text);
  });

  it('are chosen by the pod', () => {
    const pod = injected(annotated('inject.istio.io/templates: "mine"'), { templates: { mine: 'spec: {dnsPolicy: None}' } });
    expect(pod.spec.containers.map(({ name }) => name)).toEqual(['app']);
    expect(pod.spec.dnsPolicy).toBe('None');
    expect(annotationsOf(pod)).not.toHaveProperty('prometheus.io/port');
  });
});
