import type { Level } from '../../analysis/message.ts';

/** The flags of `weft analyze` as commander gives them. */
export interface AnalyzeFlags {
  allNamespaces?: boolean;
  namespace?: string;
  istioNamespace: string;
  useKube?: boolean;
  output?: string[];
  suppress?: string[];
  color?: boolean;
  failureThreshold?: Level;
  outputThreshold?: Level;
  ignoreUnknown?: boolean;
  meshConfigFile?: string;
  analyzer?: string[];
  listAnalyzers?: boolean;
  verbose?: boolean;
  preset?: string;
  assume?: string;
  plugin?: string[];
  config?: string;
  baseline?: string;
  fix?: boolean;
  dryRun?: boolean;
  watch?: boolean;
  timeout?: string;
}
