import type { Pod } from '../../proxy/admin/probe-servers.ts';
import { AppMetrics, parseMetricsEndpoint } from '../../proxy/agent/app-metrics.ts';
import { parseAppProbes } from '../../proxy/agent/app-probe.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { CliError } from '../exit.ts';

/** As injectors of Istio write them. */
const variables = { probes: 'ISTIO_KUBE_APP_PROBERS', metrics: 'ISTIO_PROMETHEUS_ANNOTATIONS' } as const;

/** Of a proxy that is in no pod. */
const noPod = '127.0.0.1';

/**
 * What the environment says of the pod that a sidecar is in.
 *
 * @param ownPorts of the sidecar, where the application has no metrics
 * @throws CliError that names the variable that cannot be understood
 */
export function podOf(
  environment: Readonly<Record<string, string | undefined>>,
  { ip, ownPorts, log }: { ip: readonly string[] | undefined; ownPorts: readonly number[]; log: ProxyLog },
): Pick<Pod, 'address' | 'probes' | 'metrics'> {
  const address = ip?.[0]?.split(',')[0] ?? noPod;
  const probes = read(environment, variables.probes, parseAppProbes) ?? new Map();
  const endpoint = read(environment, variables.metrics, parseMetricsEndpoint);
  if (!endpoint || ownPorts.includes(endpoint.port)) return { address, probes };
  const events = {
    failed: (problem: string) => log.warning(`the application gives no metrics: ${problem}`, { port: endpoint.port, path: endpoint.path }),
    recovered: () => log.info('the application gives its metrics again', { port: endpoint.port, path: endpoint.path }),
  };
  return { address, probes, metrics: new AppMetrics(endpoint, address, events) };
}

function read<T>(environment: Readonly<Record<string, string | undefined>>, name: string, parse: (text: string) => T): T | undefined {
  const text = environment[name];
  if (text === undefined || text.trim() === '') return undefined;
  try {
    return parse(text);
  } catch (error) {
    throw new CliError(`the environment variable ${name} cannot be understood: ${(error as Error).message}`);
  }
}
