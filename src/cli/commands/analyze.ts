import { Command } from 'commander';
import { collect, ignored, parseLevel } from '../flags.ts';

/** `weft analyze`: the reference's flags (spec/analyze/commands.md, A) and ours. */
export function analyzeCommand(): Command {
  return new Command('analyze')
    .description(
      'Find mistakes in mesh configuration: in a cluster, in files, directories or standard input (-), or in a cluster as it would be with these files.',
    )
    .argument('[files...]', 'files, directories (with all below them), or - for standard input; without any, the cluster')
    .option('-A, --all-namespaces', 'report on all namespaces')
    .option('-R, --recursive', 'directories are always read with all below them; accepted for old scripts')
    .option(
      '-k, --use-kube',
      'lay the files over the cluster: what would it be if they were applied? Also by --context or --kubeconfig; on by default without files',
    )
    .option('--no-use-kube', 'never read a cluster')
    .option('--only-new', 'with files over a cluster: report only what the cluster does not have already')
    .option('-o, --output <format[=file]>', 'log, pretty, json, yaml, sarif, junit, github or gitlab; several may be given, each to a file', collect)
    .option('-S, --suppress <CODE=RESOURCE>', 'drop a code for a resource, wildcards allowed: "IST0101=VirtualService shop/*"', collect)
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .option('--failure-threshold <level>', 'exit with 79 at findings of this level or above', parseLevel('failure-threshold'))
    .option('--output-threshold <level>', 'print findings of this level or above', parseLevel('output-threshold'))
    .option('--ignore-unknown', 'do not fail for documents that cannot be parsed')
    .option('--meshConfigFile <file>', 'mesh configuration')
    .option('--analyzer <name>', 'run only this analyzer; may be given several times', collect)
    .option('-L, --list-analyzers', 'list the analyzers')
    .option('-v, --verbose', 'tell which analyzers ran, and which were skipped and why')
    .option('--preset <name>', 'reference, recommended or strict')
    .option(
      '--assume <world>',
      'complete: what is not in the input does not exist; mesh-only: only Istio kinds are known; auto: kinds that the input has are complete',
    )
    .option('--plugin <file>', 'a module with analyzers of your own; may be given several times', collect)
    .option('--config <file>', 'configuration instead of weft.config.{ts,js,yaml,json}')
    .option('--baseline <file>', 'drop findings that this file lists')
    .option('--fix', 'repair what is certain, in the files')
    .option('--dry-run', 'with --fix: show the repairs as a diff')
    .option('--watch', 'analyze again whenever an input changes, until Ctrl-C (which ends it with 130, as it does other programs)')
    .option('--timeout <duration>', 'give up after this time, such as 30s')
    .addOption(ignored('--no-watch'))
    .addOption(ignored('-r, --revision <name>'))
    .addOption(ignored('--remote-contexts <contexts>'))
    .action(async (files: string[], _options: unknown, command: Command) => {
      const { runAnalyze } = await import('../analyze/run.ts');
      process.exitCode = await runAnalyze(files, command.optsWithGlobals());
    });
}
