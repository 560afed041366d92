import { expect, it } from 'vitest';
import { cpuLimit, threadsForLimit } from './cpu-limit.ts';

const v1 = (quota: string) => ({ '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': `${quota}\n`, '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' });

it.each<[string, Record<string, string>, number | undefined]>([
  ['version 2', { '/sys/fs/cgroup/cpu.max': '250000 100000\n' }, 2.5],
  ['version 2, no limit', { '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, undefined],
  ['version 1', v1('50000'), 0.5],
  ['version 1, no limit', v1('-1'), undefined],
  ['none of both', {}, undefined],
  ['what nobody understands', { '/sys/fs/cgroup/cpu.max': '' }, undefined],
])('the limit of %s', (_, files, limit) => {
  expect(cpuLimit((path) => files[path])).toBe(limit);
});

it.each([
  [0.1, 8, 1],
  [1, 8, 1],
  [1.5, 8, 2],
  [16, 8, 8],
])('a limit of %d on %d cores is %d threads', (limit, cores, threads) => {
  expect(threadsForLimit(limit, cores)).toBe(threads);
});
