// What the container may use of the processors, as its control group says: version 2, then version 1.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

type Read = (path: string) => string | undefined;

const groups = '/sys/fs/cgroup';

/** Threads for what the machine and its limit allow: one at least. */
export function threadsForLimit(limit = cpuLimit(readText), cores = availableParallelism()): number {
  return Math.max(1, Math.min(cores, Math.ceil(limit ?? cores)));
}

/** Processors, also parts of one; undefined: there is no limit, or none that is known. */
export function cpuLimit(read: Read): number | undefined {
  const [quota, period] = (read(`${groups}/cpu.max`) ?? `${read(`${groups}/cpu/cpu.cfs_quota_us`)} ${read(`${groups}/cpu/cpu.cfs_period_us`)}`)
    .trim()
    .split(/\s+/)
    .map(Number);
  const limit = (quota ?? 0) / (period ?? 0);
  return limit > 0 && Number.isFinite(limit) ? limit : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
