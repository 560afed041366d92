import { Command } from 'commander';

/** `weft version` */
export function versionCommand(): Command {
  return new Command('version')
    .description('Print the version of weft and the version of Istio that it follows.')
    .option('-s, --short', 'only the version')
    .option('-o, --output <format>', 'json or yaml')
    .option('--remote', 'ask the cluster for its version, too')
    .option('--no-remote', 'only the version of weft')
    .action(async (flags: { short?: boolean; output?: string }) => {
      const { printVersion } = await import('../version-output.ts');
      printVersion(flags);
    });
}
