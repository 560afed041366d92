import { Command } from 'commander';
import { collect } from '../flags.ts';
import { jwksCaOption } from '../jwks-option.ts';

/** `weft xds …`: the control plane. */
export function xdsCommand(): Command {
  const command = new Command('xds').description('Configure proxies while they run: the control plane.');
  command
    .command('serve')
    .description(
      'Serve the configuration of every proxy of the mesh, Envoy or embedded, from files: to each what it needs, and of a change only what has changed.',
    )
    .option('-f, --filename <files>', 'files or directories, comma-separated or given several times', collect)
    .option('--meshConfigFile <file>', 'mesh configuration')
    .option('--map <service=address>', 'serve SERVICE[:PORT][/SUBSET] from [ADDRESS:]PORT; several for one service are its endpoints', collect)
    .option('--address <address>', 'HOST:PORT or unix:PATH to listen on; port 0: a free one', '127.0.0.1:15010')
    .option('--no-watch', 'do not follow changes of the files')
    .option(...jwksCaOption)
    .option('--debounce <duration>', 'how long files have to be quiet before a change is sent', '100ms')
    .option('--log-level <level>', 'trace, debug, info, warning, error, critical or off', 'info')
    .option('--log-format <format>', 'text or json', 'text')
    .action(async (_flags: unknown, own: Command) => {
      const { runServe } = await import('../xds/serve.ts');
      process.exitCode = await runServe(own.optsWithGlobals());
    });
  return command;
}
