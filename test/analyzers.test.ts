// What holds for all analyzers: names and codes, and that each reads what it says it reads.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzers } from '../analyzers/index.ts';
import { inputMessages } from '../src/analysis/catalogue/input.ts';
import { type AnyAnalyzer, analyze, type EngineOptions, type Preset } from '../src/analysis/engine.ts';
import { levels, type Messages } from '../src/analysis/message.ts';
import { readFiles } from '../src/manifest/files.ts';
import { allKindNames } from '../src/manifest/kinds.ts';
import type { Resource, SourceText } from '../src/manifest/resource.ts';
import { Mesh } from '../src/model/mesh.ts';
import { runPipeline } from '../src/pipeline/pipeline.ts';
import { annotationProblem } from '../src/schema/annotations.ts';
import { loadValidators, type Validate } from '../src/schema/validate.ts';
import { defaultCorpus, listCases } from './conformance/cases.ts';
import { meshes } from './meshes.ts';

const shared = join(import.meta.dirname, '../../shared');
const there = existsSync(defaultCorpus);
if (!there)
  console.warn(
    `SKIPPED: ${shared} is not there: kinds that analyzers read were recorded over the own meshes only, and codes were not compared with those of the reference.`,
  );

/** What makes pods is read with them, outside of the preset `reference`. */
const makersOfPods = new Set(['CronJob', 'DaemonSet', 'Deployment', 'Job', 'ReplicaSet', 'StatefulSet']);

/** What an analyzer may read without a word: the configuration belongs to every mesh. */
function isImplied(kind: string, reads: ReadonlySet<string>): boolean {
  return kind === 'MeshConfig' || (makersOfPods.has(kind) && reads.has('Pod'));
}

/** Kinds that an analyzer declares and no mesh here makes it read, and why. */
const neverRead: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'services.MultiClusterServiceAnalyzer': { Service: 'files tell of one cluster only, so there is nothing to compare' },
};

interface Recorded {
  /** Kinds that were read, with where. */
  read: Map<string, string>;
  /** Reads of the first run over a mesh that the second run, whose values of `memo` are there already, did not have. */
  hidden: Set<string>;
}

const recorded = new Map<AnyAnalyzer, Recorded>(analyzers.map((analyzer) => [analyzer, { read: new Map(), hidden: new Set() }]));

async function record(name: string, sources: readonly SourceText[], preset: Preset, validate: Validate): Promise<void> {
  const { mesh } = await runPipeline({
    sources,
    defaultNamespace: '',
    istioNamespace: 'istio-system',
    assume: 'complete',
    preset,
    analyzers: [],
    knownHosts: [],
    now: new Date('2025-06-01T00:00:00Z'),
  });
  const resources: Resource[] = allKindNames.filter((kind) => kind !== 'MeshConfig' && kind !== 'MeshNetworks').flatMap((kind) => [...mesh.list(kind)]);
  const options: EngineOptions = { preset, validate, annotationProblem };
  for (const [analyzer, { read, hidden }] of recorded) {
    if (preset === 'reference' && analyzer.preset !== 'reference') continue;
    const fresh = new Mesh(resources, mesh.options);
    const [first, second] = [new Set<string>(), new Set<string>()];
    for (const kinds of [first, second]) {
      fresh.observer = (kind) => kinds.add(kind);
      const { crashes } = await analyze(fresh, [analyzer], options);
      if (crashes[0]) throw crashes[0].error;
    }
    for (const kind of first) {
      if (!read.has(kind)) read.set(kind, `${name}, preset ${preset}`);
      if (!second.has(kind)) hidden.add(`${kind} (${name}, preset ${preset})`);
    }
  }
}

describe('every analyzer', () => {
  beforeAll(async () => {
    const validate = await loadValidators(allKindNames, true);
    for (const preset of ['reference', 'strict'] as const) for (const mesh of meshes) await record(mesh[0]?.name ?? '', mesh, preset, validate);
    for (const { name, folder, inputs } of there ? listCases(defaultCorpus, 'full') : []) {
      const start = process.cwd();
      process.chdir(folder);
      const { sources } = readFiles(inputs, () => '');
      process.chdir(start);
      for (const preset of ['reference', 'strict'] as const) await record(name, sources, preset, validate);
    }
  }, 120_000);

  test.each(analyzers.map((a) => [a.name, a] as const))('%s reads the kinds that it declares', (name, analyzer) => {
    const { read, hidden } = recorded.get(analyzer) as Recorded;
    const reads = new Set<string>(analyzer.reads);
    expect(reads.size, 'each kind is declared once').toBe(analyzer.reads.length);
    expect(
      [...read].filter(([kind]) => !reads.has(kind) && !isImplied(kind, reads)).map(([kind, where]) => `${kind} (${where})`),
      'read, and not declared',
    ).toEqual([]);
    const reasons = neverRead[name] ?? {};
    const idle = [...reads].filter((kind) => !read.has(kind));
    if (there)
      expect(
        idle.filter((kind) => reasons[kind] === undefined),
        'declared, and never read',
      ).toEqual([]);
    expect(
      Object.keys(reasons).filter((kind) => !idle.includes(kind)),
      'has a reason, and is read',
    ).toEqual([]);
    expect([...hidden], 'read by a value of memo() that does not declare it').toEqual([]);
  });
});

describe('names and codes', () => {
  const messages = analyzers.flatMap((a) => Object.entries(a.messages as Messages).map(([code, definition]) => ({ analyzer: a, code, definition })));

  test('names are unique, and as the reference forms them', () => {
    const names = analyzers.map((a) => a.name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    expect(names.filter((name) => !/^[a-zA-Z0-9]+(?:\.[A-Za-z0-9]+)+$/.test(name))).toEqual([]);
  });

  test('summaries are one line without an end', () => {
    const bad = [...analyzers, ...messages.map((m) => m.definition)].map((m) => m.summary).filter((summary) => !/^[^\n.]+(?:\.[^\n. ]+)*$/.test(summary));
    expect(bad).toEqual([]);
  });

  test('codes are IST or WFT with four digits, and not those of the input', () => {
    const codes = messages.map((m) => m.code);
    expect(codes.filter((code) => !/^(?:IST|WFT)\d{4}$/.test(code))).toEqual([]);
    expect(codes.filter((code) => code in inputMessages)).toEqual([]);
    expect(Object.keys(inputMessages).filter((code) => !/^WFT00\d{2}$/.test(code))).toEqual([]);
  });

  test('one code is one message, with one name', () => {
    const byCode = Map.groupBy(messages, (m) => m.code);
    expect([...byCode].filter(([, list]) => new Set(list.map((m) => m.definition)).size > 1).map(([code]) => code)).toEqual([]);
    const names = [...byCode.values()].map(([m]) => m?.definition.name ?? '').concat(Object.values(inputMessages).map((m) => m.name));
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    expect(names.filter((name) => !/^(?:[A-Z][A-Za-z0-9]*)$/.test(name))).toEqual([]);
  });

  test('levels are levels', () => expect(messages.filter((m) => !levels.includes(m.definition.level)).map((m) => m.code)).toEqual([]));

  test('what supersedes another is an analyzer', () => {
    const names = new Set(analyzers.map((a) => a.name));
    expect(analyzers.flatMap((a) => (a.supersededBy === undefined || names.has(a.supersededBy) ? [] : [a.name]))).toEqual([]);
  });
});

/** The 49 entries of `istioctl analyze -L`. */
const ofReference = `
annotations.K8sAnalyzer applicationUID.Analyzer auth.AuthorizationPoliciesAnalyzer conditions.ConditionAnalyzer deployment.MultiServiceAnalyzer
deprecation.DeprecationAnalyzer destinationrule.CaCertificateAnalyzer destinationrule.SubsetSelectPodAnalyzer envoyfilter.EnvoyPatchAnalyzer
externalcontrolplane.ExternalControlPlaneAnalyzer gateway.CertificateAnalyzer gateway.ConflictingGatewayAnalyzer gateway.IngressGatewayPortAnalyzer
gateway.SecretAnalyzer injection.Analyzer injection.ImageAnalyzer injection.ImageAutoAnalyzer k8sgateway.SelectorAnalyzer meshnetworks.MeshNetworksAnalyzer
schema.ValidationAnalyzer.AuthorizationPolicy schema.ValidationAnalyzer.DestinationRule schema.ValidationAnalyzer.EnvoyFilter
schema.ValidationAnalyzer.Gateway schema.ValidationAnalyzer.MeshConfig schema.ValidationAnalyzer.MeshNetworks schema.ValidationAnalyzer.PeerAuthentication
schema.ValidationAnalyzer.ProxyConfig schema.ValidationAnalyzer.RequestAuthentication schema.ValidationAnalyzer.ServiceEntry
schema.ValidationAnalyzer.Sidecar schema.ValidationAnalyzer.Telemetry schema.ValidationAnalyzer.VirtualService schema.ValidationAnalyzer.WasmPlugin
schema.ValidationAnalyzer.WorkloadEntry schema.ValidationAnalyzer.WorkloadGroup service.PortNameAnalyzer serviceentry.Analyzer
services.MultiClusterServiceAnalyzer sidecar.SelectorAnalyzer telemetry.DefaultSelectorAnalyzer telemetry.LightstepAnalyzer telemetry.ProviderAnalyzer
telemetry.SelectorAnalyzer virtualservice.ConflictingMeshGatewayHostsAnalyzer virtualservice.DestinationHostAnalyzer
virtualservice.DestinationRuleAnalyzer virtualservice.GatewayAnalyzer virtualservice.JWTClaimRouteAnalyzer webhook.Analyzer
`
  .trim()
  .split(/\s+/);

test('the preset `reference` has the analyzers of the reference', () => {
  expect(ofReference).toHaveLength(49);
  expect(
    analyzers
      .filter((a) => a.preset === 'reference')
      .map((a) => a.name)
      .sort(),
  ).toEqual([...ofReference].sort());
});

test.skipIf(!there)('every code that the analyzers of the reference report is reported by one here', () => {
  const rows = readFileSync(join(shared, 'spec/analyze/messages.md'), 'utf8').match(/^\| IST0.*$/gm) ?? [];
  const codes = rows.flatMap((row) => {
    const [, code = '', , , text = '', emitter = ''] = row.split('|');
    // What only `x precheck` or nothing reports.
    if (/none emits it|no emitter|precheck/.test(`${text} ${emitter}`)) return [];
    const numbers = [...code.matchAll(/\d{4}/g)].map((m) => m[0]);
    return numbers.map((n) => `IST${n}`);
  });
  expect(codes.length).toBeGreaterThan(50);
  const reported = new Set(analyzers.filter((a) => a.preset === 'reference').flatMap((a) => Object.keys(a.messages)));
  expect(codes.filter((code) => !reported.has(code))).toEqual([]);
});
