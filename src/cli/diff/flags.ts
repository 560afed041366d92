import type { ClusterSourceFlags } from '../cluster-source/cluster-source.ts';

/** The flags of `weft diff` as commander gives them. */
export interface DiffFlags extends ClusterSourceFlags {
  git?: string;
  from?: string;
  meshConfigFile?: string;
  output: string;
  detailedExitcode?: boolean;
  /** Absent: yes. */
  findings?: boolean;
  color?: boolean;
}
