import { createAgentServer, createHealthServer, createStatsServer, type Pod, type ProbedProxy } from '../../proxy/admin/probe-servers.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { openServers, type WantedServer } from './open-servers.ts';
import { podOf } from './pod.ts';
import type { ProxySettings } from './settings.ts';

export interface ProbeServers {
  close(): void;
}

/**
 * Opens the ports for the kubelet, load balancers and scrapers, whatever engine serves traffic.
 *
 * @throws CliError where a port is taken, or the environment has probes that cannot be understood
 */
export async function startProbeServers(
  proxy: ProbedProxy,
  lifecycle: Pick<Pod, 'drain' | 'quit'>,
  { settings: { ports, probeBind }, ip, log }: { settings: Pick<ProxySettings, 'ports' | 'probeBind'>; ip: readonly string[] | undefined; log: ProxyLog },
): Promise<ProbeServers> {
  const options = {
    // Whoever may reach it from elsewhere may call it by any name: there is nothing to be had but what is meant for them.
    ...(probeBind === '127.0.0.1' || probeBind === '::1' ? {} : { hostNames: 'any' as const }),
    onError: (error: unknown) => log.error(`probes: ${(error as Error).stack ?? String(error)}`),
  };
  const pod: Pod = { ...podOf(process.env, { ip, ownPorts: [ports.agent, ports.stats], log }), ...lifecycle };
  const at = (port: number, name: string): Pick<WantedServer, 'address' | 'port' | 'help'> => ({
    address: probeBind,
    port,
    help: `Choose another port with --${name}-port, or 0 for none.`,
  });
  return openServers([
    { ...at(ports.stats, 'stats'), server: createStatsServer(proxy, options) },
    { ...at(ports.agent, 'agent'), server: createAgentServer(proxy, pod, options) },
    { ...at(ports.health, 'health'), server: createHealthServer(proxy, options) },
  ]);
}
