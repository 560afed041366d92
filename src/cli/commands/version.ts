import { Command } from 'commander';

/** `weft version` */
export function versionCommand(): Command {
  return new Command('version')
    .description('Print the version of weft and the version of Istio that it follows; of a cluster also those of its control plane and its proxies.')
    .option('-s, --short', 'only the version of weft; with --remote all versions, without remarks')
    .option('-o, --output <format>', 'json or yaml')
    .option('--remote', 'ask the cluster, however long it takes (default: where there is one, and no longer than three seconds)')
    .option('--no-remote', 'only the version of weft')
    .option('-r, --revision <revision>', 'of the control plane in the cluster (default: all)')
    .option('--xds-address <address>', 'HOST:PORT or unix:PATH of a control plane that is asked directly, such as weft xds serve')
    .action(async (_flags: unknown, own: Command) => {
      const { runVersion } = await import('../version/run.ts');
      process.exitCode = await runVersion(own.optsWithGlobals());
    });
}
