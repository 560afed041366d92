import { Command } from 'commander';
import { collect } from '../flags.ts';

/** `weft proxy …`: the data plane on this machine. */
export function proxyCommand(): Command {
  const command = new Command('proxy').description('Run the mesh on this machine: a sidecar or a gateway from files.');
  command
    .command('run')
    .description('Route traffic as the mesh would: read manifests, build the routing table of one proxy, and serve it until Ctrl-C.')
    .option('-f, --filename <files>', 'files or directories, comma-separated or given several times', collect)
    .option('--meshConfigFile <file>', 'mesh configuration')
    .option('--proxy <namespace/name>', 'the workload whose sidecar this is: a Pod, or what makes pods, or any name with --labels')
    .option('--gateway <namespace/name>', 'be a gateway: a Gateway resource, or the workload of gateways with --labels')
    .option('--labels <k=v,…>', 'labels of the workload, instead of what the manifests say')
    .option('--locality <region/zone/subzone>', 'where the workload runs, instead of what the manifests say')
    .option('--ip <address>', 'address of the workload; may be given several times', collect)
    .option('--map <service=address>', 'serve SERVICE[:PORT][/SUBSET] from [ADDRESS:]PORT; several for one service are its endpoints', collect)
    .option('--outbound-port <port>', 'requests of the application go here', '15001')
    .option('--inbound-port <port>', 'with --capture: connections to the application were redirected to here', '15006')
    .option('--capture', 'connections were redirected here by iptables; their original destination decides')
    .option('--bind <address>', 'address of the outbound listener, and of gateway listeners that name none', '127.0.0.1')
    .option('--admin-port <port>', 'administration on this port of 127.0.0.1; 0: none', '15000')
    .option('--stats-port <port>', 'Prometheus metrics on this port of 127.0.0.1; 0: none', '15090')
    .option('--agent-port <port>', 'health and merged metrics on this port of 127.0.0.1; 0: none', '15020')
    .option('--health-port <port>', 'readiness for load balancers on this port of 127.0.0.1; 0: none', '15021')
    .option('--access-log <file>', 'write an access log: a file, or - for standard output')
    .option('--access-log-encoding <encoding>', 'text or json')
    .option('--access-log-format <format>', 'format of the access log, with the operators of Envoy')
    .option('--concurrency <n>', 'worker threads', '1')
    .option('--drain-time <duration>', 'how long requests under way may take at the end', '45s')
    .option('--watch', 'take a new version of the manifests when they change; a broken one is refused')
    .option('--log-level <level>', 'trace, debug, info, warning, error, critical or off', 'info')
    .option('--log-format <format>', 'text or json', 'text')
    .action(async (_flags: unknown, own: Command) => {
      const { runProxy } = await import('../proxy/run.ts');
      process.exitCode = await runProxy(own.optsWithGlobals());
    });
  return command;
}
