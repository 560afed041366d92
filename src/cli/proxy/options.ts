import type { Command } from 'commander';
import { collect } from '../flags.ts';

/** Flags of every command that makes the routing table of one proxy (`ManifestFlags`). */
export function manifestOptions(command: Command): Command {
  return command
    .option('-f, --filename <files>', 'files or directories, comma-separated or given several times', collect)
    .option('-k, --use-kube', 'read the cluster; files are laid over it. Also by --context or --kubeconfig')
    .option('--no-use-kube', 'never read a cluster')
    .option('--meshConfigFile <file>', 'mesh configuration')
    .option('--proxy <namespace/name>', 'the workload whose sidecar this is: a Pod, or what makes pods, or any name with --labels')
    .option('--gateway <namespace/name>', 'be a gateway: a Gateway resource, or the workload of gateways with --labels')
    .option('--labels <k=v,…>', 'labels of the workload, instead of what the manifests say')
    .option('--labels-file <file>', 'the same, from a file of a downwardAPI volume: lines of KEY="VALUE"')
    .option('--service-account <name>', 'service account of the workload, instead of what the manifests say')
    .option('--locality <region/zone/subzone>', 'where the workload runs, instead of what the manifests say')
    .option('--ip <address>', 'address of the workload; comma-separated or given several times', collect)
    .option('--map <service=address>', 'serve SERVICE[:PORT][/SUBSET] from [ADDRESS:]PORT; several for one service are its endpoints', collect);
}

/** Where the proxy listens (`ListenerFlags`). */
export function listenerOptions(command: Command): Command {
  return command
    .option('--outbound-port <port>', 'requests of the application go here', '15001')
    .option('--inbound-port <port>', 'with --capture: connections to the application were redirected to here', '15006')
    .option('--capture', 'connections were redirected here by iptables; their original destination decides')
    .option('--bind <address>', 'address of the outbound listener, and of gateway listeners that name none; * for all', '127.0.0.1')
    .option('--admin-port <port>', 'administration on this port of 127.0.0.1; 0: none', '15000')
    .option('--probe-bind <address>', 'address of the three ports that follow; * for all', '127.0.0.1')
    .option('--stats-port <port>', 'Prometheus metrics on this port; 0: none', '15090')
    .option('--agent-port <port>', 'health, merged metrics and probes of the application on this port; 0: none', '15020')
    .option('--health-port <port>', 'readiness for load balancers on this port; 0: none', '15021');
}

/** The access log of the proxy, instead of what the mesh configuration says. */
export function accessLogOptions(command: Command): Command {
  return command
    .option('--access-log <file>', 'write an access log: a file, or - for standard output')
    .option('--access-log-encoding <encoding>', 'text or json')
    .option('--access-log-format <format>', 'format of the access log, with the operators of Envoy');
}

/** Where an Envoy has its certificates from (`MeshTlsFlags`). */
export function meshTlsOptions(command: Command): Command {
  return command
    .option('--mesh-tls <source>', 'certificates of the mesh: none (plain text inside of it), or sds, from an agent beside Envoy', 'none')
    .option('--sds-socket <path>', 'with --mesh-tls sds: Unix socket of the agent (default: that of istio-agent)');
}
