import type { KubeClient } from '../kube/client.ts';
import type { ProxyLog } from '../proxy/telemetry/log.ts';
import type { RootTimes } from './authority/root-rotation.ts';

export interface ControllerSettings {
  client: KubeClient;
  /** `default` for the one without a suffix. */
  revision: string;
  /** Namespace of the control plane. */
  istioNamespace: string;
  names: {
    /** Of the Service and the Lease. */
    controller: string;
    meshConfig: string;
    injector: string;
    servingCertificate: string;
  };
  /** Name of the cluster, for metrics. */
  clusterId: string;
  clusterDomain: string;
  /** Of this replica; others have others. */
  identity: string;
  /** `HOST:PORT` or `unix:PATH`, in plain text and for anybody; undefined: nowhere. */
  xdsAddress: string | undefined;
  /** Host of the ports for proxies, webhooks and monitoring; port 0: any that is free. */
  bind: string;
  /** Where proxies get certificates and configuration, with TLS. */
  securePort: number;
  /** Of the root of the mesh. */
  rootTimes: RootTimes;
  /** Of certificates of workloads, at most. */
  maxWorkloadLifetimeMs: number;
  /** Authorities that are trusted beside those of the system where keys of issuers of tokens are fetched: PEM. */
  jwksRoots?: readonly string[];
  webhookPort: number;
  monitoringPort: number;
  /** A change is sent when there was none for so long. */
  debounceMs: number;
  /** Whether the objects of users get conditions. */
  statusConditions: boolean;
  /** Without it this replica writes, whoever else does. */
  leaderElection: boolean;
  version: string;
  log: ProxyLog;
}
