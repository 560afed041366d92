/** Exit codes, the same in every output format (spec/analyze/commands.md). */
export const exitCode = {
  ok: 0,
  /** Any failure that has no code of its own. */
  error: 1,
  /** Unknown command or flag, or a bad value of one. */
  usage: 64,
  /** Some input could not be parsed, and no finding is over the threshold. */
  unparsable: 65,
  /** Findings at or over the failure threshold. */
  findings: 79,
} as const;

/** Of a command whose input is broken, by what is wrong with it. */
export function brokenExit(problems: readonly { unparsable?: boolean | undefined }[]): number {
  return problems.some(({ unparsable }) => unparsable) ? exitCode.unparsable : exitCode.findings;
}

/** A mistake of the user: printed as one sentence, never with a stack trace. */
export class CliError extends Error {
  readonly exit: number;
  readonly help: string | undefined;
  constructor(message: string, exit: number = exitCode.error, help?: string) {
    super(message);
    this.name = 'CliError';
    this.exit = exit;
    this.help = help;
  }
}

export function usageError(message: string, help?: string): CliError {
  return new CliError(message, exitCode.usage, help);
}
