import { Command } from 'commander';

/** `weft proxy-status [NAME[.NAMESPACE]]`: the reference's name and columns. */
export function proxyStatusCommand(): Command {
  return new Command('proxy-status')
    .alias('ps')
    .description('Ask a control plane which proxies it has, and whether each has taken what it was sent.')
    .argument('[name]', 'one proxy, in detail: NAME, NAME.NAMESPACE or NAMESPACE/NAME')
    .option('--xds-address <address>', 'HOST:PORT or unix:PATH of the control plane (weft xds serve)', '127.0.0.1:15010')
    .option('--plaintext', 'without TLS, as always; accepted for old scripts')
    .option('-o, --output <format>', 'table, json or yaml', 'table')
    .option('--timeout <duration>', 'give up after this time', '30s')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .addHelpText('after', '\nExamples:\n  weft proxy-status\n  weft ps payment-service-v1.payment\n  weft ps -n payment -o json')
    .action(async (name: string | undefined, _flags: unknown, own: Command) => {
      const { runProxyStatus } = await import('../proxy-status/run.ts');
      process.exitCode = await runProxyStatus(name, own.optsWithGlobals());
    });
}
