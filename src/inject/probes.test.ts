import { describe, expect, it } from 'vitest';
import type { PodTemplate } from './pod.ts';
import { annotated, containerIn, injected, podFrom, sidecarIn } from './testing.ts';

describe('probes', () => {
  const probed = (probe: string, config = {}): PodTemplate =>
    injected(podFrom('{}', `{containers: [{name: app, ports: [{name: web, containerPort: 8080}], livenessProbe: ${probe}}]}`), config);
  const saved = (pod: PodTemplate): unknown => JSON.parse(sidecarIn(pod).env?.find(({ name }) => name === 'ISTIO_KUBE_APP_PROBERS')?.value ?? 'null');
  const path = '/app-health/app/livez';

  it.each([
    ['{httpGet: {path: /live, port: web}}', {}, { httpGet: { path: '/live', port: 8080 } }],
    ['{httpGet: {path: /live, port: "8081"}, periodSeconds: 5}', { periodSeconds: 5 }, { httpGet: { path: '/live', port: 8081 } }],
    [
      '{httpGet: {port: 80, host: other, httpHeaders: [{name: a, value: b}]}}',
      {},
      { httpGet: { port: 80, host: 'other', httpHeaders: [{ name: 'a', value: 'b' }] } },
    ],
    ['{tcpSocket: {port: web}, timeoutSeconds: 3}', { timeoutSeconds: 3 }, { tcpSocket: { port: 8080 }, timeoutSeconds: 3 }],
    ['{grpc: {port: 9090, service: s}}', {}, { grpc: { port: 9090, service: 's' } }],
  ])('%s', (probe, timing, expected) => {
    const pod = probed(probe);
    expect(containerIn(pod, 'app').livenessProbe).toEqual({ ...timing, httpGet: { path, port: 15020 } });
    expect(saved(pod)).toEqual({ [path]: expected });
  });

  it('HTTPS is between the sidecar and the application', () => {
    const pod = probed('{httpGet: {path: /live, port: 8443, scheme: HTTPS}}');
    expect(containerIn(pod, 'app').livenessProbe?.httpGet).toEqual({ path, port: 15020, scheme: 'HTTP' });
    expect(saved(pod)).toEqual({ [path]: { httpGet: { path: '/live', port: 8443, scheme: 'HTTPS' } } });
  });

  it.each(['{exec: {command: [a]}}', '{httpGet: {port: nowhere}}', `{httpGet: {path: ${path}, port: 15020}}`])('%s stays', (probe) => {
    const pod = probed(probe);
    expect(containerIn(pod, 'app').livenessProbe).toEqual(podFrom('{}', `{containers: [], p: ${probe}}`).spec.p);
    expect(saved(pod)).toBeNull();
  });

  it('stay where nobody is to change them', () => {
    expect(containerIn(probed('{tcpSocket: {port: 1}}', { rewriteAppHTTPProbe: false }), 'app').livenessProbe).toEqual({ tcpSocket: { port: 1 } });
    const pod = injected(annotated('sidecar.istio.io/rewriteAppHTTPProbers: "false"', '{containers: [{name: app, livenessProbe: {tcpSocket: {port: 1}}}]}'));
    expect(containerIn(pod, 'app').livenessProbe).toEqual({ tcpSocket: { port: 1 } });
  });

  it('of native sidecars of the user, too', () => {
    const pod = injected(
      podFrom('{}', '{initContainers: [{name: log, restartPolicy: Always, startupProbe: {tcpSocket: {port: 1}}}], containers: [{name: app}]}'),
    );
    expect(saved(pod)).toEqual({ '/app-health/log/startupz': { tcpSocket: { port: 1 } } });
  });
});
