import { Command } from 'commander';
import { write } from '../terminal.ts';

/** `weft completion SHELL`, and the hidden command that the scripts call for candidates. */
export function completionCommand(): Command {
  return new Command('completion')
    .description('Print a completion script for a shell: bash, zsh, fish or powershell.')
    .argument('<shell>', 'bash, zsh, fish or powershell')
    .addHelpText('after', '\nExamples:\n  source <(weft completion bash)\n  weft completion fish > ~/.config/fish/completions/weft.fish')
    .action(async (shell: string) => {
      const { completionScript } = await import('../completion.ts');
      write('stdout', completionScript(shell));
    });
}

export function completeCommand(root: () => Command): Command {
  return new Command('__complete')
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: string[]) => {
      const { candidates } = await import('../completion.ts');
      write(
        'stdout',
        candidates(root(), words)
          .map((c) => `${c}\n`)
          .join(''),
      );
    });
}
