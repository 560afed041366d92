import type { ClusterFlags } from '../cluster.ts';

/** Flags of `weft kube-inject` as commander gives them. */
export interface KubeInjectFlags extends ClusterFlags {
  filename?: string[];
  output?: string;
  namespace?: string;
  istioNamespace: string;
  /** That of the command line; the default gives way to the values. */
  givenNamespace?: string | undefined;
  injectConfigFile?: string;
  meshConfigFile?: string;
  valuesFile?: string;
  operatorFileName?: string;
  revision?: string;
  injectConfigMapName?: string;
  meshConfigMapName?: string;
  webhookConfig?: string;
  engine?: string;
}
