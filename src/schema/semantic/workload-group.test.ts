import { expect, test } from 'vitest';
import { placeOf, problemsOf } from './testing.ts';
import { validateWorkloadGroup } from './workload-group.ts';

const spec = 'IST0106 spec';

test.each<[string, string[]]>([
  ['{}', [`${spec}.template`]],
  ['{probe: {}}', [`${spec}.template`]],
  ['{template: {}}', []],
  ['{template: {}, metadata: {labels: {"a b": "c d", x: "-"}}, probe: {}}', [`${spec}.metadata.labels["a b"]`]],
  ['{template: {}, probe: {}}', [`${spec}.probe`]],
  [
    '{template: {}, probe: {periodSeconds: -1, failureThreshold: -1, tcpSocket: {port: 80}}}',
    [`${spec}.probe.periodSeconds`, `${spec}.probe.failureThreshold`],
  ],
  ['{template: {}, probe: {tcpSocket: {}}}', [`${spec}.probe.tcpSocket.port`]],
  ['{template: {}, probe: {exec: {}}}', [`${spec}.probe.exec.command`]],
  ['{template: {}, probe: {exec: {command: [ls]}}}', []],
  ['{template: {}, probe: {httpGet: {}, exec: {}}}', [`${spec}.probe.exec.command`]],
  ['{template: {}, probe: {grpc: {port: 80}}}', [`${spec}.probe.grpc`]],
  ['{template: {}, probe: {httpGet: {port: 80, scheme: HTTPS, httpHeaders: [{name: x-a}]}}}', []],
  [
    '{template: {}, probe: {httpGet: {scheme: https, httpHeaders: [null, {name: x_a}]}}}',
    [`${spec}.probe.httpGet.port`, `${spec}.probe.httpGet.scheme`, `${spec}.probe.httpGet.httpHeaders[0].name`, `${spec}.probe.httpGet.httpHeaders[1].name`],
  ],
])('%s', (yaml, places) => {
  expect(problemsOf(validateWorkloadGroup, 'WorkloadGroup', yaml).map(placeOf)).toEqual(places);
});

test('a probe of gRPC has the name of its type', () => {
  expect(problemsOf(validateWorkloadGroup, 'WorkloadGroup', '{template: {}, probe: {grpc: {}}}')[0]?.text).toContain('*v1alpha3.ReadinessProbe_Grpc');
});

test('all wrong labels are one problem', () => {
  const [problem] = problemsOf(validateWorkloadGroup, 'WorkloadGroup', '{template: {}, metadata: {labels: {"a b": "c d"}}}');
  expect(problem?.text).toContain('2 errors');
  expect(problem?.text).toContain('"a b"');
  expect(problem?.text).toContain('"c d"');
});
