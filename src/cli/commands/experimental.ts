import { Command } from 'commander';
import { collect } from '../flags.ts';
import { authzCommand } from './authz.ts';
import { describeCommand } from './describe.ts';
import { waitCommand } from './wait.ts';

/** `weft experimental …`, also `weft x …`: the reference's name and alias. */
export function experimentalCommand(): Command {
  const command = new Command('experimental').alias('x').description('Commands that may still change.');
  command
    .command('precheck')
    .description('Say whether the cluster can take an installation or an upgrade: its version, your permissions, and what is deprecated.')
    .option('-f, --from-version <version>', 'also say what changes from this version of weft, such as 0.1')
    .option('-r, --revision <revision>', 'revision of the control plane that is looked at', 'default')
    .option('--skip-controlplane', 'leave out what an installation of the control plane needs')
    .option('-o, --output <format>', 'log, json or yaml', 'log')
    .option('--output-threshold <level>', 'lowest level that is printed: Info, Warning or Error', 'Warning')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .addHelpText('after', '\nExamples:\n  weft x precheck\n  weft x precheck --skip-controlplane -o json')
    .action(async (_flags: unknown, own: Command) => {
      const { runPrecheck } = await import('../precheck/run.ts');
      process.exitCode = await runPrecheck(own.optsWithGlobals());
    });
  command
    .command('check-inject')
    .description('Say which webhooks put a sidecar into a workload, or into a pod with labels, and why.')
    .argument('[name]', 'pod, or KIND/NAME; NAME.NAMESPACE names its namespace, too')
    .option('-l, --labels <k=v,…>', 'labels of a pod, instead of a workload')
    .option('-f, --filename <file>', 'files with webhooks, namespaces and workloads, instead of the cluster', collect)
    .option('-o, --output <format>', 'table or json', 'table')
    .addHelpText('after', '\nExamples:\n  weft x check-inject deployment/web -n shop\n  weft x check-inject -n shop -l app=web,istio.io/rev=canary')
    .action(async (name: string | undefined, _flags: unknown, own: Command) => {
      const { runCheckInject } = await import('../check-inject/run.ts');
      process.exitCode = await runCheckInject(name, own.optsWithGlobals());
    });
  command.addCommand(authzCommand());
  command.addCommand(describeCommand());
  command.addCommand(waitCommand());
  return command;
}
