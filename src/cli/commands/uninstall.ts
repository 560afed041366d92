import { Command } from 'commander';
import { givenNamespace } from './install.ts';

/** `weft uninstall`: the reference's name and flags. */
export function uninstallCommand(): Command {
  return new Command('uninstall')
    .description('Remove one revision of the control plane with its gateways, or everything that weft has installed.')
    .option('-r, --revision <name>', 'remove this revision; what all revisions share stays')
    .option('--purge', 'remove all revisions, and the definitions of kinds with all objects of these kinds')
    .option('-y, --skip-confirmation', 'do not ask')
    .option('--dry-run', 'show what would be removed, and do nothing')
    .option('--force', 'remove a revision that is in use')
    .option('--timeout <duration>', 'how long pods and definitions may take to go', '2m')
    .option('-v, --verbose', 'name every object')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .addHelpText('after', '\nExamples:\n  weft uninstall --revision canary\n  weft uninstall --purge --dry-run')
    .action(async (_flags: unknown, own: Command) => {
      const { runUninstall } = await import('../uninstall/run.ts');
      process.exitCode = await runUninstall({ ...own.optsWithGlobals(), istioNamespace: givenNamespace(own) });
    });
}
