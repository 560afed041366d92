import { Command } from 'commander';

/** `weft profile`: the built-in sets of values. */
export function profileCommand(): Command {
  const command = new Command('profile').description('Show the built-in sets of values that weft install starts from.');
  command
    .command('list')
    .description('List the profiles, with what they are for.')
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async ({ output }: { output: string }) => {
      const { listProfiles } = await import('../profile/run.ts');
      process.exitCode = listProfiles(output);
    });
  command
    .command('dump')
    .description('Print all values of a profile, with what each is for.')
    .argument('[profile]', 'default, minimal, demo or empty', 'default')
    .option('-o, --output <format>', 'yaml or json', 'yaml')
    .option('--no-comments', 'the values alone')
    .action(async (profile: string, flags: { output: string; comments: boolean }) => {
      const { dumpProfile } = await import('../profile/run.ts');
      process.exitCode = dumpProfile(profile, flags);
    });
  command
    .command('diff')
    .description('Show in what two profiles differ; exits with 1 where they do.')
    .argument('<before>', 'name of a profile, or a file with values')
    .argument('<after>', 'name of a profile, or a file with values')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .action(async (before: string, after: string, { color }: { color?: boolean }) => {
      const { diffProfiles } = await import('../profile/run.ts');
      process.exitCode = await diffProfiles(before, after, color);
    });
  return command;
}
