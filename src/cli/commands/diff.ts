import { Command } from 'commander';
import { ignored } from '../flags.ts';

/** `weft diff`: what changes for traffic. */
export function diffCommand(): Command {
  return new Command('diff')
    .description('Say what changes for traffic between two meshes, in words: by their routing tables, not by their text.')
    .argument('[sides...]', 'OLD and NEW: directories, files (several separated by commas), git:REVISION[:PATH], or - for standard input')
    .option('--git <revision>', 'OLD is this revision of the files and directories that are named (default: all in this directory), NEW is what they are now')
    .option('-k, --use-kube', 'OLD is the cluster, NEW is the cluster with the named files over it. Also by --context or --kubeconfig')
    .option('--no-use-kube', 'never read a cluster')
    .option('--from <workload>', 'only what one caller sees: deploy/NAME.NAMESPACE, gateway/NAME.NAMESPACE, namespace/NAME')
    .option('--meshConfigFile <file>', 'mesh configuration of both sides')
    .option('--no-findings', 'do not tell which findings of weft analyze are new, and which are resolved')
    .option('--detailed-exitcode', 'exit with 3 where something changes for traffic')
    .option('-o, --output <format>', 'text, json or yaml', 'text')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .addOption(ignored('--findings'))
    .addOption(ignored('-A, --all-namespaces'))
    .addHelpText(
      'after',
      '\nExamples:\n  weft diff main/mesh mesh\n  weft diff --git origin/main mesh/ --detailed-exitcode\n  weft diff git:v1.4:mesh git:HEAD:mesh\n  weft diff -k mesh/',
    )
    .action(async (sides: string[], _flags: unknown, own: Command) => {
      const { runDiff } = await import('../diff/run.ts');
      process.exitCode = await runDiff(sides, own.optsWithGlobals());
    });
}
