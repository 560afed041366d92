// A recorded case, read by `weft route explain` and by `weft test` on the core and on proxies that run.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode } from '../../src/cli/exit.ts';
import type { RoutingTable } from '../../src/ir/table.ts';
import type { Simulation } from '../../src/simulate/simulation.ts';
import { routingTable } from '../../src/translate/table.ts';
import { meshOfCase } from '../routing/case-mesh.ts';
import type { RoutingCase } from '../routing/corpus.ts';
import { arrivalFileOf, whyNotArriving } from './arrival-file.ts';
import { type Stage, stagesOf, writeStage } from './case-files.ts';
import type { CommandProcess } from './command-process.ts';
import { explain, whyNotSayable } from './explain-reader.ts';
import { testFileOf, whyNotTestable } from './test-file.ts';

export const testEngines = ['core', 'embedded', 'envoy'] as const;
export type TestEngine = (typeof testEngines)[number];

export interface ReadOptions {
  /** Engines of `weft test`. */
  engines: readonly TestEngine[];
  /** Of the real Envoy. */
  envoyPath?: string | undefined;
  /** Other manifests for the commands than those of the recording; what the recording leaves open is completed by its own. */
  tampered?: (manifests: string, id: string) => string;
}

/** What readers say of a case. */
export interface CaseReport {
  id: string;
  /** `explain, step 3: status: expected 200, got 404` */
  differences: string[];
  /** Steps that each reader has compared. */
  explained: number;
  tested: number;
  /** Requests that proxies got, of how many steps. */
  sent: Record<string, { steps: number; requests: number }>;
  /** Steps that a reader has no words for: `1`, by the reason. */
  unsayable: Map<string, number[]>;
  untestable: Map<string, number[]>;
}

/** A case of which the manifests were refused has nothing but that to compare. */
export async function readCaseByCommands(command: CommandProcess, routingCase: RoutingCase, folder: string, options: ReadOptions): Promise<CaseReport> {
  const report: CaseReport = { id: routingCase.id, differences: [], explained: 0, tested: 0, sent: {}, unsayable: new Map(), untestable: new Map() };
  for (const [number, stage] of stagesOf(routingCase).entries()) {
    const own = join(folder, `${routingCase.id}-${number}`);
    if (routingCase.rejected === undefined) await readStage(command, stage, own, options, report);
    else await refused(command, writeStage(stage, own), report);
  }
  return report;
}

/** Istio's validation refused the manifests, and so does every command. */
async function refused(command: CommandProcess, flags: readonly string[], report: CaseReport): Promise<void> {
  const { exit, stdout } = await command.run(['route', 'explain', 'http://cart/', ...flags]);
  if (exit !== exitCode.findings || stdout !== '') report.differences.push(`explain: the manifests were refused, and not with exit code ${exit}`);
}

/** Manifests as commands read them. */
interface Asked {
  stage: Stage;
  flags: readonly string[];
  table: RoutingTable;
}

function asked(stage: Stage, folder: string): Asked {
  const { mesh, proxy } = meshOfCase(stage.routingCase);
  return { stage, flags: writeStage(stage, folder), table: routingTable(mesh, proxy) };
}

async function readStage(command: CommandProcess, stage: Stage, folder: string, options: ReadOptions, report: CaseReport): Promise<void> {
  const { tampered } = options;
  const recorded = asked(stage, folder);
  const own = tampered ? asked(tamperedStage(stage, tampered), join(folder, 'tampered')) : recorded;
  const explained = new Map<number, Simulation>();
  // Nobody explains what comes to a workload without the proxy of who sends it.
  const inbound = stage.routingCase.role === 'inbound';
  for (const one of stage.steps) {
    if (inbound) {
      const untestable = whyNotArriving(stage.routingCase, one.step, one.expected);
      if (untestable !== undefined) note(report.untestable, untestable, one.index);
      continue;
    }
    const why = whyNotSayable(one.step, one.expected);
    if (why !== undefined) {
      note(report.unsayable, why, one.index);
      continue;
    }
    const { differences, simulation } = await explain(command, own, one);
    report.explained++;
    report.differences.push(...differences.map((what) => `explain, step ${one.index}: ${what}`));
    const untestable = whyNotTestable(one.step, one.expected);
    const completing = own === recorded ? simulation : (await explain(command, recorded, one)).simulation;
    if (untestable !== undefined) note(report.untestable, untestable, one.index);
    else if (completing) explained.set(one.index, completing);
  }
  const file = inbound ? arrivalFileOf(stage) : testFileOf(stage, explained);
  if (!file) return;
  const path = join(folder, 'tests.json');
  writeFileSync(path, file.text);
  report.tested += file.steps.length;
  for (const engine of options.engines) await test(command, engine, [...own.flags, path], options.envoyPath, report);
}

function tamperedStage(stage: Stage, tampered: NonNullable<ReadOptions['tampered']>): Stage {
  const { routingCase } = stage;
  return { ...stage, routingCase: { ...routingCase, manifests: tampered(routingCase.manifests, routingCase.id) } };
}

function note(reasons: Map<string, number[]>, why: string, step: number): void {
  reasons.set(why, [...(reasons.get(why) ?? []), step]);
}

/** The document of `weft test -o json`, as far as it is looked at. */
interface TestDocument {
  engine?: { requests: number; sent: number };
  tests: { name: string; passed: boolean; problem?: string; failures: { mismatches: { field: string; expected: string; got: string }[] }[] }[];
}

async function test(command: CommandProcess, engine: TestEngine, input: readonly string[], envoyPath: string | undefined, report: CaseReport): Promise<void> {
  const args = ['test', ...input, '-o', 'json', '--engine', engine, ...(engine === 'envoy' && envoyPath !== undefined ? ['--envoy-path', envoyPath] : [])];
  const { stdout, stderr, exit } = await command.run(args);
  if (stdout === '') {
    report.differences.push(`test, ${engine}: ended with ${exit}: ${stderr}`);
    return;
  }
  const document = JSON.parse(stdout) as TestDocument;
  const before = report.sent[engine] ?? { steps: 0, requests: 0 };
  if (document.engine) report.sent[engine] = { steps: before.steps + document.engine.requests, requests: before.requests + document.engine.sent };
  for (const { name, problem, failures } of document.tests) {
    if (problem !== undefined) report.differences.push(`test, ${engine}, step ${name}: ${problem}`);
    for (const { field, expected, got } of failures.flatMap(({ mismatches }) => mismatches))
      report.differences.push(`test, ${engine}, step ${name}: ${field}: expected ${expected}, got ${got}`);
  }
}
