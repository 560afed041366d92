import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { KubeResource } from '../../kube/client.ts';
import { KubeError } from '../../kube/error.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import { Outages } from './outages.ts';
import { ServedKinds } from './served-kinds.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const served = (group: string, version: string, kind: string): KubeResource => ({
  group,
  version,
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced: true,
  verbs: ['list', 'watch'],
  apiVersion: group === '' ? version : `${group}/${version}`,
});

function kindsOf(found: KubeResource[]) {
  let asked = 0;
  const unknown: string[] = [];
  let isDown = false;
  const client = {
    resources: async () => found,
    resource: async () => {
      asked++;
      if (isDown) throw new KubeError('down', { reason: 'Unreachable' });
      return undefined;
    },
  };
  const kinds = new ServedKinds(client, (problem) => unknown.push(problem));
  return { kinds, unknown, asked: () => asked, down: (is: boolean) => (isDown = is) };
}

it('finds the best version of a kind that is served, and kinds that come later', async () => {
  const all = [served('', 'v1', 'Service'), served('networking.istio.io', 'v1beta1', 'Gateway'), served('networking.istio.io', 'v1', 'Gateway')];
  const { kinds, asked } = kindsOf(all);
  expect((await kinds.find('Gateway'))?.apiVersion).toBe('networking.istio.io/v1');
  expect((await kinds.find('Service'))?.apiVersion).toBe('v1');
  expect(await kinds.find('gateway-api/Gateway')).toBeUndefined();
  // All of them together are one question.
  expect(asked()).toBe(1);
  all.push(served('gateway.networking.k8s.io', 'v1', 'Gateway'));
  vi.advanceTimersByTime(6_000);
  expect((await kinds.find('gateway-api/Gateway'))?.apiVersion).toBe('gateway.networking.k8s.io/v1');
  expect(asked()).toBe(2);
});

it('a kind in versions that nobody knows is not there, which is told once', async () => {
  const { kinds, unknown } = kindsOf([served('networking.istio.io', 'v9', 'Sidecar')]);
  expect(await kinds.find('Sidecar')).toBeUndefined();
  expect(await kinds.find('Sidecar')).toBeUndefined();
  expect(unknown).toHaveLength(1);
  expect(unknown[0]).toContain('v9');
});

it('a failure is asked again', async () => {
  const { kinds, down } = kindsOf([served('', 'v1', 'Service')]);
  down(true);
  await expect(kinds.find('Service')).rejects.toThrow('down');
  down(false);
  expect(await kinds.find('Service')).toBeDefined();
});

it('an outage is one line, however many kinds it is of', () => {
  const said: string[] = [];
  const outages = new Outages({ warning: (text: string, fields: unknown) => said.push(`${text} ${JSON.stringify(fields)}`) } as unknown as ScopeLog);
  const error = (reason: string, message: string): KubeError => new KubeError(message, { reason, help: 'Do something.' });
  for (const kind of ['Pod', 'Service', 'Node']) outages.add(kind, error('Unreachable', 'nobody answers'));
  outages.add('Sidecar', error('Forbidden', 'you may not'));
  expect(said).toEqual([]);
  vi.advanceTimersByTime(2_000);
  expect(said).toEqual([
    'the cluster cannot be watched, and what is known goes on being served: nobody answers, and 2 more kinds. Do something. {"reason":"Unreachable","kinds":"Pod,Service,Node"}',
    'the cluster cannot be watched, and what is known goes on being served: you may not. Do something. {"reason":"Forbidden","kinds":"Sidecar"}',
  ]);
  outages.add('Pod', error('Unreachable', 'again'));
  outages.stop();
  vi.advanceTimersByTime(2_000);
  expect(said).toHaveLength(2);
});
