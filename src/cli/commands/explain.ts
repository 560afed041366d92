import { Command } from 'commander';

/** `weft explain CODE` */
export function explainCommand(): Command {
  return new Command('explain')
    .description('Explain a message: what it means, a bad and a good example, and when it is not for you.')
    .argument('[code]', 'IST0101, WFT1001, or a code of Kiali such as KIA1101')
    .option('--all', 'every message, a line each')
    .option('-o, --output <format>', 'json')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .action(async (code: string | undefined, flags: { all?: boolean; output?: string; color?: boolean }) => {
      const { runExplain } = await import('../explain.ts');
      process.exitCode = await runExplain(code, flags);
    });
}
