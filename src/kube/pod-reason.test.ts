import { expect, test } from 'vitest';
import type { KubeObject } from './object.ts';
import { podReason } from './pod-reason.ts';

const pod = (status: object, metadata: object = {}): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1', ...metadata }, status });
const condition = (type: string, ok: boolean, message?: string): object => ({ type, status: ok ? 'True' : 'False', message });
const scheduled = { conditions: [condition('PodScheduled', true), condition('Ready', false, 'containers with unready status: [app]')] };
const waiting = (reason: string, message?: string, lastState?: object): object => ({
  ...scheduled,
  containerStatuses: [{ name: 'app', state: { waiting: { reason, message } }, lastState }],
});
const ended = (exitCode: number, reason?: string, message?: string): object => ({ terminated: { exitCode, reason, message } });

test.each<[string, KubeObject, string]>([
  ['ready', pod({ conditions: [condition('Ready', true)] }), ''],
  ['removed', pod({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), 'it is being removed'],
  ['nothing known', pod({}), 'it is not scheduled yet'],
  [
    'no node',
    pod({ conditions: [condition('PodScheduled', false, '0/3 nodes are available: 3 Insufficient cpu.')] }),
    'not scheduled (0/3 nodes are available: 3 Insufficient cpu.)',
  ],
  ['image', pod(waiting('ImagePullBackOff', 'Back-off pulling image "x"')), 'ImagePullBackOff in container app (Back-off pulling image "x")'],
  ['without a message', pod(waiting('CreateContainerConfigError')), 'CreateContainerConfigError in container app'],
  [
    'crash',
    pod(waiting('CrashLoopBackOff', 'back-off 5m0s restarting', ended(137, 'OOMKilled'))),
    'CrashLoopBackOff in container app (exit code 137, OOMKilled)',
  ],
  [
    'crash with its last words',
    pod(waiting('CrashLoopBackOff', 'back-off', ended(1, 'Error', 'no\n  port'))),
    'CrashLoopBackOff in container app (exit code 1: no port)',
  ],
  ['crash of which the end is not known', pod(waiting('CrashLoopBackOff', 'back-off')), 'CrashLoopBackOff in container app (back-off)'],
  ['starting', pod(waiting('ContainerCreating')), 'ContainerCreating in container app'],
  ['running', pod({ ...scheduled, containerStatuses: [{ name: 'app', ready: false, state: { running: {} } }] }), 'container app is running and not ready'],
  [
    'init container',
    pod({
      ...scheduled,
      initContainerStatuses: [{ name: 'istio-init', state: { running: {} } }],
      containerStatuses: [{ name: 'app', state: { waiting: { reason: 'PodInitializing' } } }],
    }),
    'init container istio-init is running',
  ],
  [
    'init container that failed, before the app that waits for it',
    pod({
      ...scheduled,
      initContainerStatuses: [{ name: 'istio-init', state: ended(1) }],
      containerStatuses: [{ name: 'app', state: { waiting: { reason: 'PodInitializing' } } }],
    }),
    'container istio-init ended with exit code 1',
  ],
  [
    'native sidecar that is ready, with an app that is not',
    pod({
      ...scheduled,
      initContainerStatuses: [{ name: 'istio-proxy', ready: true, state: { running: {} } }],
      containerStatuses: [{ name: 'app', state: { running: {} } }],
    }),
    'container app is running and not ready',
  ],
  ['evicted', pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' }), 'Evicted (The node was low on memory.)'],
  ['failed', pod({ phase: 'Failed', containerStatuses: [{ name: 'app', state: ended(2) }] }), 'it failed (container app ended with exit code 2)'],
  ['readiness gate', pod({ ...scheduled, containerStatuses: [{ name: 'app', ready: true, state: { running: {} } }] }), 'containers with unready status: [app]'],
])('%s', (_, object, reason) => {
  expect(podReason(object)).toBe(reason);
});

test('a message of a page is one line of 300 characters', () => {
  const reason = podReason(pod(waiting('ErrImagePull', 'line\n'.repeat(1000))));
  expect(reason).not.toContain('\n');
  expect(reason.length).toBeLessThan(340);
});
