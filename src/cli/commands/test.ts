import { Command } from 'commander';
import { collect } from '../flags.ts';

/** `weft test`: route tests. */
export function testCommand(): Command {
  return new Command('test')
    .description('Run route tests: what has to become of requests, against the routing tables of the manifests, or against a proxy that runs.')
    .argument('[tests...]', 'test files, or directories of them (default: all *.weft-test.yaml in the directories of -f)')
    .option('-f, --filename <files>', 'manifests: files or directories, comma-separated or given several times', collect)
    .option('-k, --use-kube', 'read the cluster; files are laid over it. Also by --context or --kubeconfig')
    .option('--no-use-kube', 'never read a cluster')
    .option('--meshConfigFile <file>', 'mesh configuration')
    .option('--only <regex>', 'run the tests whose names match')
    .option('--coverage [percent]', 'list the rules that no test reaches; with =PERCENT fail where fewer of them are reached')
    .option('-o, --output <format>', 'text, json or junit; FORMAT=FILE writes to a file; may be given several times', collect)
    .option(
      '--engine <engine>',
      'core: check the routing tables; embedded, envoy: send the requests to a proxy on this machine, too, over mTLS and with signed tokens where policies ask',
      'core',
    )
    .option('--samples <count>', 'with an engine: so many requests measure a share', '400')
    .option('--envoy-path <file>', 'with --engine envoy: the program (default: envoy on the PATH, or in the cache)')
    .option('-v, --verbose', 'list the tests that pass, too')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .addHelpText('after', '\nExamples:\n  weft test -f mesh/ tests/\n  weft test -f mesh/ --coverage=80 -o junit=route-tests.xml')
    .action(async (tests: string[], _flags: unknown, own: Command) => {
      const { runTestCommand } = await import('../test/run.ts');
      process.exitCode = await runTestCommand(tests, own.optsWithGlobals());
    });
}
