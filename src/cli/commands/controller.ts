import { Command } from 'commander';
import { controllerPorts } from '../../install/values.ts';
import { jwksCaOption } from '../jwks-option.ts';

/** `weft controller`: the control plane in a cluster. */
export function controllerCommand(): Command {
  return new Command('controller')
    .description('Run the control plane in a cluster: configure proxies from what the cluster has, inject sidecars, validate configuration.')
    .option('--revision <name>', 'revision of this control plane: it sees objects without the label istio.io/rev, and those with its name', 'default')
    .option('--secure-port <port>', 'port where proxies get certificates and configuration, with TLS', String(controllerPorts.secure))
    .option('--xds-address <address>', 'HOST:PORT or unix:PATH where anybody gets configuration, in plain text; port 0: a free one (default: nowhere)')
    .option('--bind <host>', 'address that the ports for proxies, webhooks and monitoring listen on', '0.0.0.0')
    .option('--webhook-port <port>', 'port of the webhooks, with TLS', String(controllerPorts.webhook))
    .option('--monitoring-port <port>', 'port of /healthz, /readyz and /metrics, and of /debug for those in the pod', String(controllerPorts.monitoring))
    .option('--max-workload-cert-ttl <duration>', 'how long a certificate of a workload is valid at most; 24h where none is asked for', '2160h')
    .option('--cluster-id <name>', 'name of the cluster, in metrics', 'Kubernetes')
    .option('--cluster-domain <domain>', 'domain of the cluster, for the names in the serving certificate', 'cluster.local')
    .option('--status-conditions', 'write conditions into the status of the objects of users')
    .option('--no-leader-election', 'write without asking other replicas: for the only one')
    .option('--pod-name <name>', 'name of this replica, which no other one has (default: $POD_NAME, else the host and the process)')
    .option(...jwksCaOption)
    .option('--debounce <duration>', 'how long the cluster has to be quiet before a change is sent', '100ms')
    .option('--log-level <level>', 'trace, debug, info, warning, error, critical or off', 'info')
    .option('--log-format <format>', 'text or json', 'text')
    .action(async (_flags: unknown, own: Command) => {
      const { runController } = await import('../controller/run.ts');
      process.exitCode = await runController(own);
    });
}
