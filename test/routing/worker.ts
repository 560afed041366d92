// A process that runs cases one after another, in the network namespace that it was started in.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compareCase, type Difference } from './compare/compare.ts';
import { type Observation, type RoutingCase, readCase } from './corpus.ts';
import { createEngine, type EngineName } from './engines.ts';
import type { Place } from './place/engine.ts';
import { prepareNamespace, proxyGid, redirect } from './place/namespace.ts';
import { type Outcome, runCase } from './run-case.ts';

/** What a worker is told. */
export interface Job {
  file: string;
  engine: EngineName;
  captured: boolean;
  /** For files of the case. */
  folder: string;
  keep: boolean;
  /** Run weft from its sources instead of dist/. */
  sources: boolean;
}

/** What a worker answers. */
export interface Report {
  file: string;
  id: string;
  differences: Difference[];
  observed: Observation[];
  broken: string | undefined;
  runs: number;
  ms: number;
}

/** How often a case is run in which the balancer may choose between endpoints that differ. */
const mostRunsForChoice = 24;
/** How often a case is run in which only times are wrong: other cases run at the same time. */
const mostRunsForTiming = 5;

/** What is wrong with the outcome as a whole. */
function overall(routingCase: RoutingCase, { rejected, broken }: Outcome): string | undefined {
  if (broken !== undefined) return broken;
  if (routingCase.rejected !== undefined)
    return rejected === undefined ? `the configuration was taken, and is to be refused: ${routingCase.rejected}` : undefined;
  return rejected === undefined ? undefined : `the configuration was refused:\n${rejected}`;
}

async function run(job: Job): Promise<Report> {
  const started = performance.now();
  const routingCase = readCase(job.file);
  const engine = createEngine(job.engine, job.sources, routingCase);
  const report: Report = { file: job.file, id: routingCase.id, differences: [], observed: [], broken: undefined, runs: 0, ms: 0 };
  for (;;) {
    report.runs++;
    const place: Place = { captured: job.captured, gid: job.captured ? proxyGid : undefined, folder: join(job.folder, `${routingCase.id}.${report.runs}`) };
    mkdirSync(place.folder, { recursive: true });
    if (job.captured) redirect(routingCase.role);
    const outcome = await runCase(routingCase, engine, place);
    report.broken = overall(routingCase, outcome);
    report.observed = outcome.observed;
    report.differences = report.broken === undefined ? compareCase(routingCase, outcome.layout, outcome.observed) : [];
    if (!job.keep) rmSync(place.folder, { recursive: true, force: true });
    const again = (most: number, may: (difference: Difference) => boolean): boolean =>
      report.runs < most && report.differences.length > 0 && report.differences.every(may);
    if (!again(mostRunsForChoice, ({ choice }) => choice) && !again(mostRunsForTiming, ({ timing }) => timing)) break;
  }
  report.ms = performance.now() - started;
  return report;
}

// Without whoever asks for more there is nothing to do; what was started ends with this process.
process.on('disconnect', () => process.exit());

let prepared = false;

process.on('message', (job: Job) => {
  void (async () => {
    if (job.captured && !prepared) prepareNamespace();
    prepared = true;
    process.send?.(await run(job));
  })();
});
