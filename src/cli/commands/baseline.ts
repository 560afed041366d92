import { Command } from 'commander';
import { collect } from '../flags.ts';

/** `weft baseline create|prune`: accept the findings of today, so that only new ones fail. */
export function baselineCommand(): Command {
  const command = new Command('baseline').description('Accept the findings of today, so that only new ones fail.');
  const sub = (name: 'create' | 'prune', description: string): void => {
    command
      .command(name)
      .description(description)
      .argument('[files...]', 'files, directories, or - for standard input; without any, the cluster')
      .option('-k, --use-kube', 'read the cluster, too')
      .option('--no-use-kube', 'read files only')
      .option('--baseline <file>', 'the file of the baseline (default: that of the configuration, else weft-baseline.json)')
      .option('-A, --all-namespaces', 'all namespaces')
      .option('--preset <name>', 'reference, recommended or strict')
      .option('--assume <world>', 'complete, mesh-only or auto')
      .option('--config <file>', 'configuration')
      .option('--plugin <file>', 'a module with analyzers of your own', collect)
      .option('--meshConfigFile <file>', 'mesh configuration')
      .action(async (files: string[], _flags: unknown, self: Command) => {
        const { runBaseline } = await import('../analyze/baseline-command.ts');
        process.exitCode = await runBaseline(name, files, self.optsWithGlobals());
      });
  };
  sub('create', 'Write all findings of the input to the baseline.');
  sub('prune', 'Take out of the baseline what the input no longer has.');
  return command;
}
