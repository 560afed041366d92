import { Command } from 'commander';
import { collect } from '../flags.ts';
import { givenNamespace } from './install.ts';

/** `weft verify-install` */
export function verifyInstallCommand(): Command {
  return new Command('verify-install')
    .description('Compare a cluster with what is installed in it: what is missing, different or not ready.')
    .option('-f, --filename <file>', 'compare with these values instead of those of the installation', collect)
    .option('-s, --set <path=value>', 'one value; may be given several times', collect)
    .option('--profile <name>', 'default, minimal, demo or empty')
    .option('-r, --revision <name>', 'revision of the control plane; the only one, or default')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .action(async (_flags: unknown, own: Command) => {
      const { runVerify } = await import('../verify-install/run.ts');
      process.exitCode = await runVerify({ ...own.optsWithGlobals(), istioNamespace: givenNamespace(own) });
    });
}
