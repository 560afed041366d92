// A controller as a program of its own, with settings that `weft controller` has no flags for: how soon roots are renewed, and whose rights
// it has in the cluster.
import type { RootTimes } from '../../src/controller/authority/root-rotation.ts';
import { Controller } from '../../src/controller/controller.ts';
import { connect } from '../../src/kube/connect.ts';
import { createLog } from '../../src/proxy/telemetry/log.ts';
import { controllerSettings } from './controller-settings.ts';

export interface ProgramSettings {
  kubeconfig: string;
  /** Service account in whose name it asks the API server, `NAMESPACE/NAME`; absent: that of the kubeconfig. */
  account?: string;
  securePort: number;
  monitoringPort: number;
  rootTimes: RootTimes;
  maxWorkloadLifetimeMs: number;
}

const { kubeconfig, account, ...settings } = JSON.parse(process.argv[2] ?? '') as ProgramSettings;
const [namespace = '', name = ''] = account?.split('/') ?? [];
const impersonated = {
  as: `system:serviceaccount:${namespace}:${name}`,
  asGroups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
};
const controller = await Controller.create(
  controllerSettings({
    ...settings,
    client: await connect({ kubeconfig, ...(account === undefined ? {} : impersonated) }),
    identity: `program-${process.pid}`,
    xdsAddress: undefined,
    // One that was killed still has the Lease: its successor does not wait for that.
    leaderElection: false,
    log: await createLog({ level: 'debug', format: 'text' }),
  }),
);
await controller.start();
process.on('SIGTERM', () => void controller.stop().then(() => process.exit(0)));
