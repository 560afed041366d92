// What has to hold for any input.
import { analyzers } from '../../analyzers/index.ts';
import type { Preset } from '../../src/analysis/engine.ts';
import { applyRepairs } from '../../src/analysis/repair.ts';
import { itemOfFinding, itemOfProblem, type Report, type ReportItem } from '../../src/analysis/report/report.ts';
import { plainStyle } from '../../src/analysis/report/style.ts';
import { repairsOf } from '../../src/cli/analyze/fix.ts';
import { applyInline } from '../../src/cli/analyze/inline.ts';
import { formatNames, formatterOf } from '../../src/cli/analyze/outputs.ts';
import { chooseAnalyzers } from '../../src/cli/analyze/selection.ts';
import { checkSource } from '../../src/cli/validate/run.ts';
import { loadSource } from '../../src/manifest/load.ts';
import type { SourceText } from '../../src/manifest/resource.ts';
import { splitDocuments } from '../../src/manifest/split.ts';
import { parseYaml } from '../../src/manifest/yaml.ts';
import type { Assume } from '../../src/model/mesh.ts';
import { runPipeline } from '../../src/pipeline/pipeline.ts';
import { PipelineCache } from '../../src/pipeline/pipeline-cache.ts';
import { xmlError } from '../xml.ts';

export interface Setting {
  preset: Preset;
  assume: Assume;
  /** Empty for all. */
  namespace: string;
}

const now = new Date('2025-06-01T00:00:00Z');

interface Outcome {
  items: ReportItem[];
  report: Report;
}

async function evaluate(sources: readonly SourceText[], { preset, assume, namespace }: Setting, cache?: PipelineCache): Promise<Outcome> {
  const result = await runPipeline({
    sources,
    defaultNamespace: namespace,
    istioNamespace: 'istio-system',
    assume,
    preset,
    analyzers: chooseAnalyzers(analyzers, undefined, preset, () => {}),
    knownHosts: [],
    now,
    cache,
  });
  const crash = result.engine.crashes[0];
  if (crash) throw new Error(`${crash.analyzer} throws: ${(crash.error as Error).stack}`);
  const found = [...result.problems.map(itemOfProblem), ...result.findings.map(itemOfFinding)];
  const { items, suppressed } = applyInline(found, sources, new Map(), () => true);
  const summary = {
    files: sources.length,
    resources: result.mesh.size,
    unknownKinds: result.unknownKinds,
    skipped: result.engine.skipped,
    suppressed,
    ran: result.engine.ran,
  };
  return { items, report: { items, summary, version: '0.0.0' } };
}

/**
 * @param before what the sources were before they were broken
 * @throws Error that tells what does not hold
 */
export async function check(sources: readonly SourceText[], before: readonly SourceText[], setting: Setting): Promise<void> {
  const first = await evaluate(sources, setting);
  for (const item of first.items) checkPlace(item);
  const written = await formats(first.report);
  checkFormats(written, sources);
  checkRepairs(first.items);
  if ((await formats((await evaluate(sources, setting)).report)).json !== written.json) throw new Error('another report the second time');
  // As when a file changes under --watch.
  const cache = new PipelineCache();
  await evaluate(before, setting, cache);
  const changed = await formats((await evaluate(sources, setting, cache)).report);
  if (changed.json !== written.json) throw new Error(`another report when it was analyzed before:\n${changed.log}-- instead of --\n${written.log}`);
  if (sources.length > 1 && !hasDuplicates(sources, setting)) await checkOrder(sources, setting, first.items);
  for (const source of sources) await checkSource(source, { istioNamespace: 'istio-system', namespace: setting.namespace });
}

function checkPlace({ place, code }: ReportItem): void {
  if (!place) return;
  const { line, column, endLine, endColumn, source } = place;
  const lines = source.text.split('\n');
  const inside =
    line >= 1 && column >= 1 && endLine <= lines.length && column <= (lines[line - 1]?.length ?? 0) + 1 && endColumn <= (lines[endLine - 1]?.length ?? 0) + 1;
  if (!inside || endLine < line || (endLine === line && endColumn < column))
    throw new Error(`${code} is on no place of ${source.name}: ${line}:${column} to ${endLine}:${endColumn}`);
}

async function formats(report: Report): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  for (const name of formatNames()) out[name] = (await formatterOf(name))(report, plainStyle);
  return out;
}

function checkFormats(written: Record<string, string>, sources: readonly SourceText[]): void {
  const json = JSON.parse(written.json as string);
  JSON.parse(written.gitlab as string);
  JSON.parse(written.sarif as string);
  const yaml = parseYaml(written.yaml as string).value;
  if (JSON.stringify(yaml) !== JSON.stringify(json)) throw new Error('YAML and JSON are not the same report');
  const bad = xmlError(written.junit as string);
  if (bad) throw new Error(`JUnit is no XML: ${bad}`);
  if (sources.some((s) => s.text.includes('\u001b') || /\\(?:u001b|x1b|e)/i.test(s.text))) return;
  for (const [name, text] of Object.entries(written)) if (text.includes('\u001b')) throw new Error(`${name} has escape codes without colour`);
}

/** Repairs never make a document unreadable. */
function checkRepairs(items: readonly ReportItem[]): void {
  const readable = (text: string): number =>
    splitDocuments(text).filter(({ start, end }) => {
      try {
        parseYaml(text.slice(start, end), true);
        return true;
      } catch {
        return false;
      }
    }).length;
  for (const { source, text, made } of applyRepairs(repairsOf(items))) {
    if (readable(source.text) !== readable(text)) throw new Error(`these repairs break ${source.name}: ${made.map((m) => m.fix.title).join('; ')}\n${text}`);
  }
}

function hasDuplicates(sources: readonly SourceText[], { namespace }: Setting): boolean {
  const names = sources.flatMap((s) => loadSource(s, { defaultNamespace: namespace }).resources.map((r) => `${r.kindName} ${r.fullName}`));
  return new Set(names).size < names.length;
}

/** The order of files says nothing, unless two define the same resource. */
async function checkOrder(sources: readonly SourceText[], setting: Setting, items: readonly ReportItem[]): Promise<void> {
  const line = ({ code, level, origin, file, place, text }: ReportItem): string => `${level} ${code} ${origin} ${file}:${place?.line}:${place?.column} ${text}`;
  const before = items.map(line).sort();
  const after = (await evaluate(sources.toReversed(), setting)).items.map(line).sort();
  if (before.join('\n') === after.join('\n')) return;
  const only = (a: readonly string[], b: readonly string[]): string => a.filter((l) => !b.includes(l)).join('\n');
  throw new Error(`the order of files matters:\n${only(before, after)}\n-- with the files in reverse order --\n${only(after, before)}`);
}
