import type { Command } from 'commander';
import { collect } from '../flags.ts';

/** Flags of every command that makes the routing table of one proxy (`ManifestFlags`). */
export function manifestOptions(command: Command): Command {
  return command
    .option('-f, --filename <files>', 'files or directories, comma-separated or given several times', collect)
    .option('--meshConfigFile <file>', 'mesh configuration')
    .option('--proxy <namespace/name>', 'the workload whose sidecar this is: a Pod, or what makes pods, or any name with --labels')
    .option('--gateway <namespace/name>', 'be a gateway: a Gateway resource, or the workload of gateways with --labels')
    .option('--labels <k=v,…>', 'labels of the workload, instead of what the manifests say')
    .option('--locality <region/zone/subzone>', 'where the workload runs, instead of what the manifests say')
    .option('--ip <address>', 'address of the workload; may be given several times', collect)
    .option('--map <service=address>', 'serve SERVICE[:PORT][/SUBSET] from [ADDRESS:]PORT; several for one service are its endpoints', collect);
}

/** Where the proxy listens (`ListenerFlags`). */
export function listenerOptions(command: Command): Command {
  return command
    .option('--outbound-port <port>', 'requests of the application go here', '15001')
    .option('--inbound-port <port>', 'with --capture: connections to the application were redirected to here', '15006')
    .option('--capture', 'connections were redirected here by iptables; their original destination decides')
    .option('--bind <address>', 'address of the outbound listener, and of gateway listeners that name none', '127.0.0.1')
    .option('--admin-port <port>', 'administration on this port of 127.0.0.1; 0: none', '15000')
    .option('--stats-port <port>', 'Prometheus metrics on this port of 127.0.0.1; 0: none', '15090')
    .option('--agent-port <port>', 'health and merged metrics on this port of 127.0.0.1; 0: none', '15020')
    .option('--health-port <port>', 'readiness for load balancers on this port of 127.0.0.1; 0: none', '15021');
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
