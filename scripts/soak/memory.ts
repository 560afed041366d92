import { readdirSync, readFileSync } from 'node:fs';

/** What a process has at one moment. */
export interface Sample {
  /** Bytes; undefined where the system does not tell. */
  rss: number | undefined;
  heap: number;
  /** Files and sockets that are open. */
  handles: number | undefined;
}

export async function sample(pid: number, adminPort: number): Promise<Sample> {
  const page = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^server\\.memory_allocated$`)).text();
  return { heap: Number(/: (\d+)/.exec(page)?.[1] ?? Number.NaN), ...ofSystem(pid) };
}

function ofSystem(pid: number): Pick<Sample, 'rss' | 'handles'> {
  try {
    const rss = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return { rss: Number(rss) * 1024, handles: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return { rss: undefined, handles: undefined };
  }
}

const megabyte = 1024 * 1024;

export interface Growth {
  name: string;
  early: number;
  late: number;
  /** What `late` may be. */
  most: number;
  unit: string;
}

/**
 * The first quarter of what was sampled after the warm-up, beside the last. Of heaps the least counts, which is what collections
 * leave; of memory and handles the middle. Each thread has a heap, whose collections come when they like.
 */
export function growth(samples: readonly Sample[], threads: number): Growth[] {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const [early, late] = [samples.slice(0, quarter), samples.slice(-quarter)];
  const grown = (name: string, unit: string, scale: number, of: (all: readonly Sample[]) => number, slack: number): Growth => {
    const before = of(early) / scale;
    return { name, unit, early: before, late: of(late) / scale, most: before * 1.1 + slack };
  };
  const known = (field: 'rss' | 'handles') => (all: readonly Sample[]) => median(all.flatMap((one) => one[field] ?? []));
  return [
    grown('memory of the process', 'MB', megabyte, known('rss'), 20 * threads),
    grown('JavaScript heap after collections', 'MB', megabyte, (all) => Math.min(...all.map(({ heap }) => heap)), 10 * threads),
    grown('open files and sockets', '', 1, known('handles'), 20),
  ].filter(({ early: before }) => !Number.isNaN(before));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
