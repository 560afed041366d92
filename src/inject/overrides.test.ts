import { describe, expect, it } from 'vitest';
import type { PodTemplate } from './pod.ts';
import { argumentOf, containerIn, injected, podFrom, sidecarIn } from './testing.ts';

const annotationsOf = (pod: PodTemplate): Record<string, string> => pod.metadata.annotations ?? {};

describe('a container istio-proxy of the user', () => {
  const own = (fields: string, config = {}): PodTemplate => injected(podFrom('{}', `{containers: [{name: istio-proxy, ${fields}}, {name: app}]}`), config);

  it.each([
    ['image: auto', { image: 'registry.test/weft:1' }],
    ['image: "mine:1"', { image: 'mine:1' }],
    ['image: auto, resources: {requests: {cpu: 2}}', { resources: { requests: { cpu: 2 } } }],
    ['image: auto, resources: {limits: {cpu: 2}}', { resources: { limits: { cpu: 2 }, requests: { cpu: '100m' } } }],
    ['image: auto, lifecycle: {preStop: {exec: {command: [sleep, "9"]}}}', { lifecycle: { preStop: { exec: { command: ['sleep', '9'] } } } }],
    ['image: auto, args: [proxy, run, -f, /mesh]', { args: ['proxy', 'run', '-f', '/mesh'] }],
    [
      'image: auto, readinessProbe: {exec: {command: [ok]}}',
      { readinessProbe: { exec: { command: ['ok'] }, timeoutSeconds: 3, periodSeconds: 15, failureThreshold: 4 } },
    ],
    ['image: auto, tty: true', { tty: true }],
  ])('%s', (fields, expected) => {
    expect(sidecarIn(own(fields))).toMatchObject(expected);
  });

  it('variables by their names, and one has one source', () => {
    const { env = [] } = sidecarIn(own('image: auto, env: [{name: MINE, value: a}, {name: POD_NAME, value: fixed}]'));
    expect(env.filter(({ name }) => name === 'MINE' || name === 'POD_NAME')).toEqual([
      { name: 'MINE', value: 'a' },
      { name: 'POD_NAME', value: 'fixed' },
    ]);
    expect(env.map(({ name }) => name)).toContain('INSTANCE_IPS');
  });

  it('mounts, and ports beside ours', () => {
    const sidecar = sidecarIn(own('image: auto, volumeMounts: [{name: certs, mountPath: /certs}], ports: [{containerPort: 9999}]'));
    expect(sidecar.volumeMounts).toEqual([
      { name: 'certs', mountPath: '/certs' },
      { name: 'istio-podinfo', mountPath: '/etc/istio/pod' },
      { name: 'istio-token', mountPath: '/var/run/secrets/tokens' },
      { name: 'istiod-ca-cert', mountPath: '/var/run/secrets/istio' },
    ]);
    expect(sidecar.ports?.map(({ containerPort }) => containerPort)).toEqual([9999, 15090]);
  });

  it('runs as another user, who is left alone then', () => {
    const pod = own('image: auto, securityContext: {runAsUser: 2000, runAsGroup: 3000}');
    expect(sidecarIn(pod).securityContext).toMatchObject({ runAsUser: 2000, runAsGroup: 3000, runAsNonRoot: true });
    const init = containerIn(pod, 'istio-init');
    expect([argumentOf(init, '-u'), argumentOf(init, '-g'), init.securityContext?.runAsUser]).toEqual(['2000', '3000', 0]);
    const check = containerIn(own('image: auto, securityContext: {runAsUser: 2000}', { capture: 'cni' }), 'istio-validation');
    expect([check.securityContext?.runAsUser, argumentOf(check, '-u')]).toEqual([2000, '2000']);
  });

  it('as root changes nothing of the redirection', () => {
    expect(argumentOf(containerIn(own('image: auto, securityContext: {runAsUser: 0}'), 'istio-init'), '-u')).toBe('1337');
  });

  it('moves to the init containers where the sidecar is native, and is kept in an annotation', () => {
    const pod = own('image: auto, tty: true', { nativeSidecar: true });
    expect(pod.spec.containers.map(({ name }) => name)).toEqual(['app']);
    expect(sidecarIn(pod)).toMatchObject({ tty: true, restartPolicy: 'Always', image: 'registry.test/weft:1' });
    expect(JSON.parse(annotationsOf(pod)['proxy.istio.io/overrides'] ?? '')).toEqual({ initContainers: [{ name: 'istio-proxy', tty: true }] });
  });

  it('has no annotation where there is none', () => {
    expect(annotationsOf(injected(podFrom()))).not.toHaveProperty('proxy.istio.io/overrides');
  });
});
