import { usualRootTimes } from '../../src/controller/authority/root-rotation.ts';
import type { ControllerSettings } from '../../src/controller/settings.ts';
import { installedNames } from '../../src/install/values.ts';
import { longestWorkloadLifetimeMs } from '../../src/pki/lifetimes.ts';

type Given = Pick<ControllerSettings, 'client' | 'identity' | 'log'> & Partial<ControllerSettings>;

/** Of a controller on loopback, with ports that the system gives, as it is installed without values. */
export function controllerSettings(given: Given): ControllerSettings {
  return {
    revision: 'default',
    istioNamespace: 'istio-system',
    names: installedNames('default'),
    clusterId: 'Kubernetes',
    clusterDomain: 'cluster.local',
    xdsAddress: '127.0.0.1:0',
    bind: '127.0.0.1',
    securePort: 0,
    rootTimes: usualRootTimes,
    maxWorkloadLifetimeMs: longestWorkloadLifetimeMs,
    webhookPort: 0,
    monitoringPort: 0,
    debounceMs: 20,
    statusConditions: false,
    leaderElection: true,
    version: '1.2.3',
    ...given,
  };
}
