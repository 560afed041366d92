import type { SourceText } from '../manifest/resource.ts';
import { type PipelineOptions, type PipelineResult, runPipeline } from './pipeline.ts';

/** What becomes of texts in namespace `shop`, which are all that there is, without analyzers; options say it otherwise. */
export function pipelineOf(sources: readonly SourceText[], options: Partial<Omit<PipelineOptions, 'sources'>> = {}): Promise<PipelineResult> {
  return runPipeline({
    sources: [...sources],
    defaultNamespace: 'shop',
    istioNamespace: 'istio-system',
    assume: 'complete',
    preset: 'recommended',
    analyzers: [],
    knownHosts: [],
    now: new Date(0),
    ...options,
  });
}
