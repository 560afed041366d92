// The controller as a process of its own, which reports what it has used.
import { Controller } from '../../src/controller/controller.ts';
import { connect } from '../../src/kube/connect.ts';
import { createLog } from '../../src/proxy/telemetry/log.ts';
import { controllerSettings } from '../../test/kube/controller-settings.ts';

export interface ServerReport {
  port: number;
  /** Seconds of user and system time since the start. */
  cpu: number;
  /** Of the mesh. */
  resources: number;
  /** Resident, and that of objects after a collection of garbage; in MB (10⁶ bytes). */
  memory?: { rss: number; heap: number };
}

/** `memory`: with a collection of garbage before. */
export type ServerMessage = 'report' | 'memory';

const [kubeconfig = ''] = process.argv.slice(2);
const log = await createLog({ level: 'error', format: 'text' });
const controller = await Controller.create(controllerSettings({ client: await connect({ kubeconfig }), identity: 'bench', debounceMs: 100, log }));
const { xds = 0 } = await controller.start();

process.on('message', (message: ServerMessage) => {
  if (message === 'memory') for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({
    port: xds,
    cpu: (user + system) / 1e6,
    resources: controller.resources,
    ...(message === 'memory' ? { memory: { rss: rss / 1e6, heap: heapUsed / 1e6 } } : {}),
  } satisfies ServerReport);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: xds, cpu: 0, resources: controller.resources } satisfies ServerReport);
