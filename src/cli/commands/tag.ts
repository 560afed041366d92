import { Command } from 'commander';
import { givenNamespace } from './install.ts';

/** `weft tag …`: the reference's names and flags. */
export function tagCommand(): Command {
  const command = new Command('tag').description('Names that namespaces carry instead of that of a revision: where a tag moves, they move.');
  const making = (name: 'set' | 'generate', description: string): Command =>
    command
      .command(`${name} <tag>`)
      .description(description)
      .requiredOption('-r, --revision <name>', 'revision that the tag leads to')
      .option('--overwrite', 'let a tag that is there lead to this revision')
      .option('--auto-inject-namespaces', 'of the tag default: inject namespaces without labels, too')
      .option('--color', 'colour the output')
      .option('--no-color', 'do not colour the output')
      .action(async (tag: string, _flags: unknown, own: Command) => {
        const { runTag } = await import('../tag/run.ts');
        process.exitCode = await runTag(name, tag, { ...own.optsWithGlobals(), istioNamespace: givenNamespace(own) });
      });
  making('set', 'Make a tag, or let it lead to another revision.')
    .option('-y, --skip-confirmation', 'do not ask')
    .option('--force-conflicts', 'change fields that somebody else has set')
    .addHelpText('after', '\nExamples:\n  weft tag set prod --revision v2\n  weft tag set default --revision v2 --overwrite');
  making('generate', 'Print what `weft tag set` would apply.');
  command
    .command('list')
    .description('List the tags, with their revisions and the namespaces that use them.')
    .option('-o, --output <format>', 'table, json or yaml', 'table')
    .action(async (_flags: unknown, own: Command) => {
      const { runTagList } = await import('../tag/run.ts');
      process.exitCode = await runTagList({ ...own.optsWithGlobals(), istioNamespace: givenNamespace(own) });
    });
  command
    .command('remove <tag>')
    .description('Remove a tag.')
    .option('-y, --skip-confirmation', 'do not ask')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .action(async (tag: string, _flags: unknown, own: Command) => {
      const { runTag } = await import('../tag/run.ts');
      process.exitCode = await runTag('remove', tag, { ...own.optsWithGlobals(), istioNamespace: givenNamespace(own) });
    });
  return command;
}
