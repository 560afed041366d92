import { Command } from 'commander';

/** `weft proxy-status [NAME[.NAMESPACE]]`: the reference's name and columns. */
export function proxyStatusCommand(): Command {
  return new Command('proxy-status')
    .alias('ps')
    .description('Ask a control plane which proxies it has, and whether each has taken what it was sent.')
    .argument('[name]', 'one proxy, in detail: NAME, NAME.NAMESPACE, NAMESPACE/NAME or deploy/NAME')
    .option('--xds-address <address>', 'HOST:PORT or unix:PATH of a control plane (weft xds serve is at 127.0.0.1:15010), instead of that of the cluster')
    .option('-r, --revision <revision>', 'of the control plane in the cluster (default: all)')
    .option('--plaintext', 'without TLS, as always; accepted for old scripts')
    .option('-o, --output <format>', 'table, json or yaml', 'table')
    .option('--timeout <duration>', 'give up after this time', '30s')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .addHelpText(
      'after',
      '\nThe control plane is that of the cluster: all its replicas are asked, through the API server. One proxy' +
        '\nis asked, too, whether it has what its controller has for it.\n\nExamples:\n  weft proxy-status\n  weft ps payment-service-v1.payment\n  weft ps -n payment -o json\n  weft ps --xds-address 127.0.0.1:15010',
    )
    .action(async (name: string | undefined, _flags: unknown, own: Command) => {
      const { runProxyStatus } = await import('../proxy-status/run.ts');
      process.exitCode = await runProxyStatus(name, own.optsWithGlobals());
    });
}
