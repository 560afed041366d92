import { type PipelineOptions, type PipelineResult, runPipeline } from '../../pipeline/pipeline.ts';
import type { ClusterSource } from './cluster-source.ts';

/** What the pipeline makes of a cluster alone, without files over it. */
export function analyzeCluster(
  { input, namespace }: Pick<ClusterSource, 'input' | 'namespace'>,
  istioNamespace: string,
  analyzers: PipelineOptions['analyzers'],
): Promise<PipelineResult> {
  return runPipeline({
    sources: [],
    cluster: input,
    defaultNamespace: namespace,
    istioNamespace,
    assume: 'auto',
    preset: 'recommended',
    analyzers,
    knownHosts: [],
    now: new Date(),
  });
}
