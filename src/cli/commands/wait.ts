import { Command } from 'commander';
import { collect } from '../flags.ts';

/** `weft experimental wait …`: the reference's name and flags, as long as it had the command. */
export function waitCommand(): Command {
  return new Command('wait')
    .description('Wait until the proxies have acknowledged a resource, or its removal: from then on they do what it says.')
    .argument('<kind>', 'virtualservice, vs, destinationrule …; or KIND/NAME')
    .argument('[name]', 'NAME, or NAME.NAMESPACE')
    .option('--for <event>', 'distribution, or delete: that proxies have it, or go on without it', 'distribution')
    .option('--timeout <duration>', 'give up after this time', '30s')
    .option('--threshold <share>', 'share of the proxies that is enough, from 0 to 1', '1')
    .option('--resource-version <version>', 'this version or a later one (default: the one that the cluster has)')
    .option('--proxy <name>', 'only this proxy: NAME, NAME.NAMESPACE or NAMESPACE/NAME; may be given several times', collect)
    .option('-r, --revision <revision>', 'only the control plane of this revision, and its proxies (default: all)')
    .option('--xds-address <address>', 'HOST:PORT or unix:PATH of a control plane that is asked directly, such as weft xds serve')
    .option('--plaintext', 'without TLS, as always; accepted for old scripts')
    .option('-o, --output <format>', 'text, json or yaml', 'text')
    .option('-v, --verbose', 'a line on standard error for each proxy that has it')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .addHelpText(
      'after',
      '\nExit code 0: enough proxies have acknowledged it. 1: not within the time, or never; standard error names those that are behind.' +
        '\n\nExamples:\n  kubectl apply -f routes.yaml && weft x wait virtualservice cart.shop' +
        '\n  weft x wait vs cart -n shop --threshold 0.9 --timeout 1m\n  weft x wait --for=delete dr cart.shop' +
        '\n  weft x wait vs cart.shop --xds-address 127.0.0.1:15010 -o json',
    )
    .action(async (kind: string, name: string | undefined, _flags: unknown, own: Command) => {
      const { runWait } = await import('../wait/run.ts');
      process.exitCode = await runWait(name === undefined ? [kind] : [kind, name], own.optsWithGlobals());
    });
}
