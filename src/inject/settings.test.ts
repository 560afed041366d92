// What annotations, the mesh and the configuration of the injector change of a sidecar.
import { describe, expect, it } from 'vitest';
import { annotated, argumentOf, containerIn, inject, injected, podFrom, sidecarIn } from './testing.ts';

const initArgument = (annotations: string, flag: string): string | undefined => argumentOf(containerIn(injected(annotated(annotations)), 'istio-init'), flag);
const sidecarArgument = (annotations: string, flag: string): string | undefined => argumentOf(sidecarIn(injected(annotated(annotations))), flag);

describe('annotations of redirection', () => {
  it.each([
    ['traffic.sidecar.istio.io/includeOutboundIPRanges: "10.0.0.0/8,fd00::/8"', '-i', '10.0.0.0/8,fd00::/8'],
    ['traffic.sidecar.istio.io/includeOutboundIPRanges: ""', '-i', ''],
    ['traffic.sidecar.istio.io/excludeOutboundIPRanges: 10.9.0.0/16', '-x', '10.9.0.0/16'],
    ['traffic.sidecar.istio.io/includeInboundPorts: "8080,8081"', '-b', '8080,8081'],
    ['traffic.sidecar.istio.io/includeInboundPorts: ""', '-b', ''],
    ['traffic.sidecar.istio.io/excludeInboundPorts: "9000, 15021"', '-d', '15090,15021,9000,15020'],
    ['status.sidecar.istio.io/port: "16020"', '-d', '15090,15021,16020'],
    ['traffic.sidecar.istio.io/includeOutboundPorts: "3306"', '-q', '3306'],
    ['traffic.sidecar.istio.io/excludeOutboundPorts: "5432"', '-o', '5432'],
    ['traffic.sidecar.istio.io/excludeInterfaces: "eth1,net+"', '-c', 'eth1,net+'],
    ['istio.io/reroute-virtual-interfaces: net1', '-k', 'net1'],
    ['traffic.sidecar.istio.io/kubevirtInterfaces: net1', '-k', 'net1'],
    ['a: b', '-q', undefined],
    ['a: b', '-o', undefined],
    ['a: b', '-k', undefined],
    ['a: b', '-c', undefined],
    ['a: b', '-g', undefined],
  ])('%s: %s', (annotations, flag, expected) => {
    expect(initArgument(annotations, flag)).toBe(expected);
  });

  it.each([
    ['REDIRECT', 'init', ['istio-init']],
    ['NONE', 'init', undefined],
    ['REDIRECT', 'none', ['istio-init']],
    ['REDIRECT', 'cni', ['istio-validation']],
  ] as const)('interceptionMode %s over capture %s', (mode, capture, expected) => {
    const pod = injected(annotated(`sidecar.istio.io/interceptionMode: ${mode}`), { capture });
    expect(pod.spec.initContainers?.map(({ name }) => name)).toEqual(expected);
    expect(sidecarIn(pod).args?.includes('--capture')).toBe(expected !== undefined);
  });

  it('takes the mode of the configuration of the proxy', () => {
    expect(injected(annotated('proxy.istio.io/config: "interceptionMode: NONE"')).spec.initContainers).toBeUndefined();
    const mesh = { defaultConfig: { interceptionMode: 'NONE' as const } };
    expect(injected(podFrom(), {}, { mesh }).spec.initContainers).toBeUndefined();
  });
});

describe('annotations of the sidecar', () => {
  it.each([
    ['sidecar.istio.io/logLevel: debug', '--log-level', 'debug'],
    ['sidecar.istio.io/discoveryAddress: "other:15010"', '--xds-address', 'other:15010'],
    ['proxy.istio.io/config: "{discoveryAddress: \'third:1\', concurrency: 3, terminationDrainDuration: 20s}"', '--xds-address', 'third:1'],
    ['proxy.istio.io/config: "concurrency: 3"', '--concurrency', '3'],
    ['proxy.istio.io/config: "terminationDrainDuration: 20s"', '--drain-time', '20s'],
    ['status.sidecar.istio.io/port: "16020"', '--agent-port', '16020'],
    ['sidecar.weft.mesh/engine: envoy', '--engine', 'envoy'],
    ['a: b', '--agent-port', undefined],
  ])('%s: %s', (annotations, flag, expected) => {
    expect(sidecarArgument(annotations, flag)).toBe(expected);
  });

  it('goes on without EnvoyFilters only where the engine is weft', () => {
    const annotation = 'sidecar.weft.mesh/ignoreEnvoyFilters: "true"';
    expect(sidecarIn(injected(annotated(annotation))).args).toContain('--ignore-envoy-filters');
    expect(sidecarIn(injected(annotated(`${annotation}, sidecar.weft.mesh/engine: envoy`))).args).not.toContain('--ignore-envoy-filters');
  });

  it('has an image of its own', () => {
    const pod = injected(annotated('sidecar.istio.io/proxyImage: "registry.test/mine:2"'));
    expect([sidecarIn(pod).image, containerIn(pod, 'istio-init').image]).toEqual(['registry.test/mine:2', 'registry.test/mine:2']);
  });

  it.each([
    ['a: b', { requests: { cpu: '100m' } }],
    ['sidecar.istio.io/proxyCPU: 200m', { requests: { cpu: '200m' } }],
    ['sidecar.istio.io/proxyMemoryLimit: 1Gi', { limits: { memory: '1Gi' } }],
    [
      'sidecar.istio.io/proxyCPU: "1", sidecar.istio.io/proxyMemory: 64Mi, sidecar.istio.io/proxyCPULimit: "2"',
      { limits: { cpu: '2' }, requests: { cpu: '1', memory: '64Mi' } },
    ],
  ])('resources with %s', (annotations, expected) => {
    const pod = injected(annotated(annotations));
    expect([sidecarIn(pod).resources, containerIn(pod, 'istio-init').resources]).toEqual([expected, expected]);
  });

  it('changes how readiness is asked', () => {
    const annotations = ['initialDelaySeconds: "7"', 'periodSeconds: "3"', 'failureThreshold: "9"'].map((text) => `readiness.status.sidecar.istio.io/${text}`);
    expect(sidecarIn(injected(annotated(annotations.join(', ')))).readinessProbe).toMatchObject({
      initialDelaySeconds: 7,
      periodSeconds: 3,
      failureThreshold: 9,
    });
  });

  it('without an agent port there is nothing to ask', () => {
    const pod = injected(annotated('status.sidecar.istio.io/port: "0"', '{containers: [{name: app, livenessProbe: {httpGet: {path: /, port: 80}}}]}'));
    expect(sidecarIn(pod).readinessProbe).toBeUndefined();
    expect(containerIn(pod, 'app').livenessProbe).toEqual({ httpGet: { path: '/', port: 80 } });
    expect(pod.metadata.annotations).not.toHaveProperty('prometheus.io/port');
    expect(argumentOf(containerIn(pod, 'istio-init'), '-d')).toBe('15090,15021');
  });

  it('adds volumes of the user, as a map or a list', () => {
    const pod = injected(
      annotated(
        `sidecar.istio.io/userVolume: '{"extra": {"emptyDir": {}}}', sidecar.istio.io/userVolumeMount: '[{"name": "extra", "mountPath": "/extra", "readOnly": true}]'`,
      ),
    );
    expect(pod.spec.volumes).toContainEqual({ name: 'extra', emptyDir: {} });
    expect(sidecarIn(pod).volumeMounts).toContainEqual({ name: 'extra', mountPath: '/extra', readOnly: true });
  });

  it('an Envoy has a place to write to', () => {
    const pod = injected(annotated('sidecar.weft.mesh/engine: envoy'));
    expect(pod.spec.volumes).toContainEqual({ name: 'istio-envoy', emptyDir: { medium: 'Memory' } });
    expect(sidecarIn(pod).volumeMounts).toContainEqual({ name: 'istio-envoy', mountPath: '/tmp' });
  });
});

describe('values that make no sense', () => {
  it.each([
    ['sidecar.istio.io/interceptionMode: OTHER', 'OTHER'],
    ['sidecar.istio.io/interceptionMode: TPROXY', 'TPROXY'],
    ['proxy.istio.io/config: "interceptionMode: TPROXY"', 'TPROXY'],
    ['proxy.istio.io/config: "concurrency: many"', 'many'],
    ['sidecar.istio.io/nativeSidecar: perhaps', 'perhaps'],
    ['sidecar.istio.io/rewriteAppHTTPProbers: perhaps', 'perhaps'],
    ['sidecar.istio.io/proxyCPU: fast', 'fast'],
    ['sidecar.istio.io/proxyMemoryLimit: "-1Gi"', '-1Gi'],
    ['sidecar.istio.io/logLevel: loud', 'loud'],
    ['sidecar.weft.mesh/engine: steam', 'steam'],
    ['status.sidecar.istio.io/port: "70000"', '70000'],
    ['readiness.status.sidecar.istio.io/periodSeconds: soon', 'soon'],
    ['traffic.sidecar.istio.io/includeInboundPorts: http', 'http'],
    ['traffic.sidecar.istio.io/includeOutboundPorts: "1,x"', 'x'],
    ['traffic.sidecar.istio.io/excludeOutboundPorts: "99999"', '99999'],
    ['traffic.sidecar.istio.io/excludeOutboundIPRanges: 10.0.0.1', '10.0.0.1'],
    ['traffic.sidecar.istio.io/excludeInterfaces: "eth0; reboot"', 'eth0; reboot'],
    ['istio.io/reroute-virtual-interfaces: "$(x)"', '$(x)'],
    ['prometheus.istio.io/merge-metrics: perhaps', 'perhaps'],
    ['sidecar.istio.io/userVolume: "{"', 'JSON'],
    ['sidecar.istio.io/userVolume: "[1]"', 'neither a JSON map'],
    [`sidecar.istio.io/userVolumeMount: '[{"name": "a"}]'`, 'mountPath'],
    [`sidecar.istio.io/userVolume: '[{"name": "istio-podinfo", "emptyDir": {}}]'`, 'istio-podinfo'],
    ['inject.istio.io/templates: ""', 'names no template'],
    ['inject.istio.io/templates: gatway', 'did you mean gateway'],
  ])('%s', (annotations, text) => {
    const [name] = annotations.split(':') as [string];
    expect(() => inject(annotated(annotations))).toThrow(text);
    try {
      inject(annotated(annotations));
    } catch (error) {
      expect((error as { path: string[] }).path).toEqual(['metadata', 'annotations', name]);
    }
  });
});

describe('native sidecars', () => {
  it.each([
    ['auto', ['v1.33.0', 'v1.34.2-eks-1'], '', true],
    ['auto', ['v1.33.0', 'v1.32.9'], '', false],
    ['auto', ['v2.0.0'], '', true],
    ['auto', ['unknown'], '', false],
    ['auto', [], '', false],
    [true, [], '', true],
    [false, ['v1.33.0'], '', false],
    [false, [], 'sidecar.istio.io/nativeSidecar: "true"', true],
    [true, [], 'sidecar.istio.io/nativeSidecar: "false"', false],
  ] as const)('%s with %j and %s', (nativeSidecar, nodeVersions, annotations, expected) => {
    const pod = injected(annotated(annotations), { nativeSidecar }, { nodeVersions });
    expect(pod.spec.initContainers?.map(({ name }) => name)).toEqual(expected ? ['istio-init', 'istio-proxy'] : ['istio-init']);
    expect(pod.spec.containers.map(({ name }) => name)).toEqual(expected ? ['app'] : ['app', 'istio-proxy']);
  });

  it('starts before the init containers of the pod, and drains when the pod ends', () => {
    const pod = injected(podFrom(undefined, '{initContainers: [{name: migrate}], containers: [{name: app}]}'), { nativeSidecar: true });
    expect(pod.spec.initContainers?.map(({ name }) => name)).toEqual(['istio-init', 'istio-proxy', 'migrate']);
    const sidecar = sidecarIn(pod);
    expect(sidecar.restartPolicy).toBe('Always');
    expect(sidecar.lifecycle).toEqual({ preStop: { exec: { command: ['weft', 'proxy', 'drain'] } } });
    expect(argumentOf(sidecar, '--drain-delay')).toBe('0s');
  });

  it('is told at another agent port', () => {
    const pod = injected(annotated('status.sidecar.istio.io/port: "16020"'), { nativeSidecar: true });
    expect(sidecarIn(pod).lifecycle?.preStop).toEqual({ exec: { command: ['weft', 'proxy', 'drain', '--url', 'http://127.0.0.1:16020'] } });
  });

  it('waits for nobody', () => {
    const pod = injected(podFrom(), { nativeSidecar: true, holdApplicationUntilProxyStarts: true });
    expect(sidecarIn(pod).lifecycle).not.toHaveProperty('postStart');
  });
});

describe('the application waits for the sidecar', () => {
  it.each([
    ['the configuration', { holdApplicationUntilProxyStarts: true }, '', {}],
    ['the mesh', {}, '', { mesh: { defaultConfig: { holdApplicationUntilProxyStarts: true } } }],
    ['the pod', {}, 'proxy.istio.io/config: "holdApplicationUntilProxyStarts: true"', {}],
  ])('as %s says', (_, config, annotations, context) => {
    const pod = injected(annotated(annotations), config, context);
    expect(pod.spec.containers.map(({ name }) => name)).toEqual(['istio-proxy', 'app']);
    expect(sidecarIn(pod).lifecycle).toEqual({ postStart: { exec: { command: ['weft', 'proxy', 'wait', '--timeout', '60s'] } } });
    expect(pod.metadata.annotations?.['kubectl.kubernetes.io/default-container']).toBe('app');
  });

  it('not, as the pod says against the configuration', () => {
    const pod = injected(annotated('proxy.istio.io/config: "holdApplicationUntilProxyStarts: false"'), { holdApplicationUntilProxyStarts: true });
    expect(pod.spec.containers.map(({ name }) => name)).toEqual(['app', 'istio-proxy']);
  });
});

describe('a CNI plug-in redirects', () => {
  const pod = injected(annotated('traffic.sidecar.istio.io/excludeInboundPorts: "9000"', '{initContainers: [{name: first}], containers: [{name: app}]}'), {
    capture: 'cni',
  });

  it('and the pod tells it what', () => {
    expect(pod.metadata.annotations).toMatchObject({
      'sidecar.istio.io/interceptionMode': 'REDIRECT',
      'traffic.sidecar.istio.io/includeOutboundIPRanges': '*',
      'traffic.sidecar.istio.io/includeInboundPorts': '*',
      'traffic.sidecar.istio.io/excludeInboundPorts': '15090,15021,9000,15020',
    });
    expect(pod.metadata.annotations).not.toHaveProperty('traffic.sidecar.istio.io/excludeOutboundPorts');
  });

  it('which is checked first, without any right', () => {
    expect(pod.spec.initContainers?.map(({ name }) => name)).toEqual(['istio-validation', 'first']);
    const check = containerIn(pod, 'istio-validation');
    expect(check.args?.slice(-2)).toEqual(['--run-validation', '--skip-rule-apply']);
    expect(check.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: 1337,
      runAsNonRoot: true,
      runAsUser: 1337,
    });
  });
});

it('another user of the sidecar is the one whose connections are left alone', () => {
  const pod = injected(podFrom(), { uid: 2000 });
  const init = containerIn(pod, 'istio-init');
  expect([argumentOf(init, '-u'), argumentOf(init, '-g')]).toEqual(['2000', '2000']);
  expect(sidecarIn(pod).securityContext).toMatchObject({ runAsUser: 2000, runAsGroup: 2000 });
});

it('names policies and secrets for pulling', () => {
  const pod = injected(podFrom(undefined, '{imagePullSecrets: [{name: mine}], containers: [{name: app}]}'), {
    imagePullPolicy: 'Always',
    imagePullSecrets: ['mine', 'ours'],
  });
  expect(pod.spec.imagePullSecrets).toEqual([{ name: 'mine' }, { name: 'ours' }]);
  expect([sidecarIn(pod).imagePullPolicy, containerIn(pod, 'istio-init').imagePullPolicy]).toEqual(['Always', 'Always']);
});
