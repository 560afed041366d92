import { Command } from 'commander';
import { collect, ignored } from '../flags.ts';
import { givenNamespace, installCommand } from './install.ts';

/** `weft manifest`: what is installed, without a cluster. */
export function manifestCommand(): Command {
  const command = new Command('manifest').description('Print what an installation consists of, or compare two of them.');
  command
    .command('generate')
    .description('Print the objects that weft install would apply, in their order.')
    .option('-f, --filename <file>', 'file with values, or with an IstioOperator; several are laid over each other, - is standard input', collect)
    .option('-s, --set <path=value>', 'one value; may be given several times', collect)
    .option('--profile <name>', 'default, minimal, demo or empty')
    .option('-r, --revision <name>', 'name of this control plane among several')
    .option('--filter <components>', 'only the components named, comma-separated: Base, Controller, IngressGateways')
    .option('--force', 'go on without settings of the reference that have no meaning here')
    .addOption(ignored('-d, --manifests <path>'))
    .addOption(ignored('--cluster-specific'))
    .addHelpText(
      'after',
      '\nExamples:\n  weft manifest generate --set controller.replicas=3 | kubectl apply --server-side -f -\n  weft manifest generate --filter Base',
    )
    .action(async (_flags: unknown, own: Command) => {
      const { runGenerate } = await import('../manifest/generate.ts');
      process.exitCode = runGenerate({ ...own.optsWithGlobals(), istioNamespace: givenNamespace(own) });
    });
  command
    .command('diff')
    .description('Compare two sets of objects, one by one, in files or directories; exits with 1 where they differ.')
    .argument('<before>', 'file or directory; - for standard input')
    .argument('<after>', 'file or directory; - for standard input')
    .option('--select <objects>', 'only these objects: KIND:NAMESPACE:NAME, comma-separated, * for any', collect)
    .option('--ignore <objects>', 'without these objects', collect)
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .addOption(ignored('-d, --directory'))
    .addOption(ignored('-v, --verbose'))
    .action(async (before: string, after: string, _flags: unknown, own: Command) => {
      const { runManifestDiff } = await import('../manifest/diff.ts');
      process.exitCode = await runManifestDiff(before, after, own.optsWithGlobals());
    });
  // The reference's older name of `weft install`.
  command.addCommand(installCommand());
  return command;
}
