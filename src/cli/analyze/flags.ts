import type { Level } from '../../analysis/message.ts';
import type { ClusterSourceFlags } from '../cluster-source/cluster-source.ts';

/** The flags of `weft analyze` as commander gives them. */
export interface AnalyzeFlags extends ClusterSourceFlags {
  allNamespaces?: boolean;
  onlyNew?: boolean;
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
