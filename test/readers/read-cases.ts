import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RoutingCase } from '../routing/corpus.ts';
import { CommandProcess } from './command-process.ts';
import { type CaseReport, type ReadOptions, readCaseByCommands } from './read-case.ts';

/** All cases, several at a time: with engines each mostly waits. @param done is told of each */
export async function readCases(
  cases: readonly RoutingCase[],
  options: ReadOptions,
  parallel: number,
  done: (report: CaseReport) => void = () => {},
): Promise<CaseReport[]> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-readers-'));
  const commands = Array.from({ length: Math.min(parallel, cases.length) }, () => new CommandProcess());
  const reports: CaseReport[] = [];
  let next = 0;
  try {
    await Promise.all(
      commands.map(async (command) => {
        while (next < cases.length) {
          const at = next++;
          const report = await readCaseByCommands(command, cases[at] as RoutingCase, folder, options);
          reports[at] = report;
          done(report);
        }
      }),
    );
  } finally {
    await Promise.all(commands.map((command) => command.close()));
    rmSync(folder, { recursive: true, force: true });
  }
  return reports;
}
