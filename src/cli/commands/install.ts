import { Command } from 'commander';
import { collect, ignored } from '../flags.ts';
import type { InstallMode } from '../install/run.ts';

/** `weft install`: the reference's name and alias. */
export function installCommand(): Command {
  return withFlags(
    new Command('install').alias('apply').description('Install the control plane and gateways in a cluster, or change what is installed.'),
    'install',
  ).addHelpText(
    'after',
    '\nExamples:\n  weft install --dry-run\n  weft install --profile demo -y\n  weft install -f values.yaml --set controller.replicas=3\n  weft install --revision canary',
  );
}

export function upgradeCommand(): Command {
  return withFlags(new Command('upgrade').description('Bring an installed revision to the version of this weft, or to other values.'), 'upgrade')
    .option('--reuse-values', 'lay the values over those of the installation; else they stand alone, and without any those of the installation stay')
    .option('--reset-values', 'forget the values of the installation')
    .addHelpText('after', '\nExamples:\n  weft upgrade\n  weft upgrade --reuse-values --set controller.replicas=3');
}

function withFlags(command: Command, mode: InstallMode): Command {
  return command
    .option('-f, --filename <file>', 'file with values, or with an IstioOperator; several are laid over each other, - is standard input', collect)
    .option('-s, --set <path=value>', 'one value; may be given several times', collect)
    .option('--profile <name>', 'default, minimal, demo or empty')
    .option('-r, --revision <name>', 'name of this control plane among several')
    .addOption(ignored('-d, --manifests <path>'))
    .option('-y, --skip-confirmation', 'do not ask')
    .option('--dry-run', 'show what would be done, and do nothing')
    .option('--force', 'go on where the version, webhooks of others, or settings without a meaning stand against it')
    .option('--force-conflicts', 'change fields that somebody else has set')
    .option('--no-wait', 'do not wait until everything is ready')
    .option('--readiness-timeout <duration>', 'how long each part may take to become ready', '5m')
    .addOption(ignored('--verify'))
    .option('-o, --output <format>', 'the plan as text, json or yaml', 'text')
    .option('-v, --verbose', 'show all of the plan')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .action(async (_flags: unknown, own: Command) => {
      const { runInstall } = await import('../install/run.ts');
      process.exitCode = await runInstall({ ...own.optsWithGlobals(), istioNamespace: givenNamespace(own) }, mode);
    });
}

/** The default of the flag gives way to the values. */
export function givenNamespace(command: Command): string | undefined {
  return command.getOptionValueSourceWithGlobals('istioNamespace') === 'default' ? undefined : command.optsWithGlobals().istioNamespace;
}
