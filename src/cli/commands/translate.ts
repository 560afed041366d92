import { Command } from 'commander';
import { manifestOptions } from '../proxy/options.ts';

/** `weft translate`: what becomes of the manifests. */
export function translateCommand(): Command {
  const command = new Command('translate').description('Show what a proxy gets of the manifests: its routing table, or the resources that Envoy has of it.');
  return manifestOptions(command)
    .option('--to <stage>', 'ir: the routing table; envoy: resources of Envoy', 'envoy')
    .option('--type <type>', 'listeners, routes, clusters, endpoints or all', 'all')
    .option('-o, --output <format>', 'yaml or json', 'yaml')
    .option('--static', 'with --to envoy: routes inside of listeners and endpoints inside of clusters, as static_resources takes them')
    .option('--mesh-tls <source>', 'certificates of the mesh: none (plain text inside of it), or sds, from an agent beside Envoy', 'none')
    .action(async (_flags: unknown, own: Command) => {
      const { runTranslate } = await import('../translate/run.ts');
      process.exitCode = await runTranslate(own.optsWithGlobals());
    });
}
