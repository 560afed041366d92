import { Command } from 'commander';
import { defaultArguments as defaults } from '../../inject/capture/options.ts';
import type { CaptureFlags } from '../proxy/capture.ts';

/** `weft proxy capture`: what the init container of an injected pod runs. */
export function captureCommand(): Command {
  return new Command('capture')
    .description('Redirect the TCP connections of this pod (network namespace) to its sidecar, by rules of iptables; root only.')
    .option('--outbound-port <port>', 'of the sidecar, for what the application sends (also -p)', defaults.outboundPort)
    .option('--inbound-port <port>', 'of the sidecar, for what the application receives (also -z)', defaults.inboundPort)
    .option('--uid <ids>', 'users that the sidecar runs as, whose own connections are left alone (also -u)', defaults.uid)
    .option('--gid <ids>', 'groups that the sidecar runs as (also -g)', defaults.gid)
    .option('--mode <mode>', 'REDIRECT, or NONE: nothing is done (also -m)', 'REDIRECT')
    .option('--include-outbound-ranges <cidrs>', 'destinations that are redirected; * for all (also -i)', defaults.includeOutboundRanges)
    .option('--exclude-outbound-ranges <cidrs>', 'destinations that are not (also -x)', defaults.excludeOutboundRanges)
    .option('--include-outbound-ports <ports>', 'ports that are redirected whatever the destination (also -q)', defaults.includeOutboundPorts)
    .option('--exclude-outbound-ports <ports>', 'ports to which nothing is redirected (also -o)', defaults.excludeOutboundPorts)
    .option('--include-inbound-ports <ports>', 'ports of the pod that are redirected; * for all (also -b)', defaults.includeInboundPorts)
    .option('--exclude-inbound-ports <ports>', 'ports of the pod that are not (also -d)', defaults.excludeInboundPorts)
    .option('--exclude-interfaces <names>', 'network interfaces that are left alone (also -c)', defaults.excludeInterfaces)
    .option('--virtual-interfaces <names>', 'interfaces of virtual machines, from which connections are outbound (also -k)', defaults.virtualInterfaces)
    .option('--dry-run', 'print the script instead of running it')
    .option('--clean', 'take the rules away')
    .option('--run-validation', 'look whether connections are redirected, as the user of the sidecar; 126 where they are not')
    .option('--skip-rule-apply', 'with --run-validation: only look, a CNI plug-in sets the rules')
    .action(async (flags: CaptureFlags) => {
      const { runCapture } = await import('../proxy/capture.ts');
      process.exitCode = await runCapture(flags);
    });
}
