import { Command } from 'commander';
import { collect, ignored } from '../flags.ts';

/** `weft experimental describe …`: the reference's names, and KIND/NAME. */
export function describeCommand(): Command {
  const command = new Command('describe')
    .alias('des')
    .description('Say everything that applies to a pod or a service: routes, time limits, breakers, policies, mTLS, gateways; and what is wrong with it.');
  const options = (of: Command): Command =>
    of
      .option('-f, --filename <files>', 'files or directories instead of the cluster, comma-separated or given several times', collect)
      .option('-k, --use-kube', 'lay the files over the cluster. Also by --context or --kubeconfig; on by default without files')
      .option('--no-use-kube', 'never read a cluster')
      .option('--meshConfigFile <file>', 'mesh configuration')
      .option('-o, --output <format>', 'text, json or yaml', 'text')
      .option('--ignoreUnmeshed', 'describe a pod without a sidecar, too')
      .addOption(ignored('--proxy-admin-port <port>'))
      .option('--color', 'colour the output')
      .option('--no-color', 'do not colour the output');
  options(command)
    .argument('[target]', 'pod/NAME, svc/NAME, deploy/NAME … with .NAMESPACE where it is not that of -n')
    .argument('[name]', 'the name, where the target is a kind alone: deploy NAME')
    .addHelpText(
      'after',
      '\nExamples:\n  weft x describe pod web-5d9c7b-x2x8p.shop\n  weft x describe svc web -n shop -f mesh/\n  weft x describe deploy/web -n shop -f mesh/ -o json',
    )
    .action(async (target: string | undefined, name: string | undefined, _flags: unknown, own: Command) => {
      const { runDescribe } = await import('../describe/run.ts');
      process.exitCode = await runDescribe(name === undefined ? target : `${target}/${name}`, own.optsWithGlobals());
    });
  for (const [name, alias, expected] of [
    ['pod', 'po', 'pod'],
    ['service', 'svc', 'service'],
  ] as const) {
    options(command.command(name).alias(alias))
      .description(
        expected === 'pod' ? 'Say everything that applies to a pod, or to what makes pods: deploy/NAME.' : 'Say everything that applies to a service.',
      )
      .argument('[name]', 'NAME, or NAME.NAMESPACE')
      .action(async (target: string | undefined, _flags: unknown, own: Command) => {
        const { runDescribe } = await import('../describe/run.ts');
        process.exitCode = await runDescribe(target, own.optsWithGlobals(), expected);
      });
  }
  return command;
}
