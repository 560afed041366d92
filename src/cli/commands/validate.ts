import { Command } from 'commander';
import { collect, ignored } from '../flags.ts';

/** `weft validate -f`, the strict check of single resources. */
export function validateCommand(): Command {
  return new Command('validate')
    .alias('v')
    .description('Check that resources follow the rules of their kinds, strictly: unknown fields are errors.')
    .option('-f, --filename <files>', 'files or directories, comma-separated or given several times; - for standard input', collect)
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .addOption(ignored('-x, --referential'))
    .addOption(ignored('--preset <name>'))
    .addOption(ignored('--assume <world>'))
    .action(async (_flags: unknown, command: Command) => {
      const { runValidate } = await import('../validate/run.ts');
      process.exitCode = await runValidate(command.optsWithGlobals());
    });
}
