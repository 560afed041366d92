import { Command, CommanderError } from 'commander';
import { analyzeCommand } from './commands/analyze.ts';
import { baselineCommand } from './commands/baseline.ts';
import { completeCommand, completionCommand } from './commands/completion.ts';
import { explainCommand } from './commands/explain.ts';
import { proxyCommand } from './commands/proxy.ts';
import { proxyStatusCommand } from './commands/proxy-status.ts';
import { translateCommand } from './commands/translate.ts';
import { validateCommand } from './commands/validate.ts';
import { versionCommand } from './commands/version.ts';
import { xdsCommand } from './commands/xds.ts';
import { CliError, exitCode } from './exit.ts';
import { type BooleanFlag, ignored, normalizeBooleans } from './flags.ts';
import { write } from './terminal.ts';

const booleanFlags: readonly BooleanFlag[] = [
  ...['color', 'remote', 'use-kube', 'watch'].map((name) => ({ name, negatable: true })),
  ...[
    'all-namespaces',
    'capture',
    'dry-run',
    'fix',
    'ignore-envoy-filters',
    'ignore-unknown',
    'list-analyzers',
    'log_as_json',
    'plaintext',
    'recursive',
    'referential',
    'short',
    'static',
    'verbose',
  ].map((name) => ({ name })),
  ...['A', 'k', 'L', 'R', 's', 'v', 'x'].map((name) => ({ name })),
];

const commands: Readonly<Record<string, () => Command>> = {
  analyze: analyzeCommand,
  validate: validateCommand,
  translate: translateCommand,
  proxy: proxyCommand,
  xds: xdsCommand,
  'proxy-status': proxyStatusCommand,
  baseline: baselineCommand,
  explain: explainCommand,
  completion: completionCommand,
  version: versionCommand,
};

/**
 * The command line, without anything done.
 *
 * @param only where it names a command, the other commands are left out: they take time to set up, and nobody asks for them
 */
export function createProgram(only?: string): Command {
  const program = new Command('weft')
    .description('Author, analyse and test service-mesh configuration.')
    .option('-n, --namespace <name>', 'namespace of resources that name none')
    .option('-i, --istioNamespace <name>', 'namespace of the control plane', 'istio-system')
    .option('-c, --kubeconfig <file>', 'kubeconfig of the cluster')
    .option('--context <name>', 'context of the kubeconfig')
    .addOption(ignored('--as <user>'))
    .addOption(ignored('--as-group <group...>'))
    .addOption(ignored('--as-uid <uid>'))
    .addOption(ignored('--kubeclient-timeout <duration>'))
    .addOption(ignored('--vklog <level>'))
    .addOption(ignored('--log_output_level <levels>'))
    .addOption(ignored('--log_as_json'))
    .addOption(ignored('--log_caller <scopes>'))
    .addOption(ignored('--log_target <targets>'))
    .addOption(ignored('--log_stacktrace_level <levels>'))
    .helpCommand(true)
    .configureOutput({ writeOut: (text) => write('stdout', text), writeErr: (text) => write('stderr', text) })
    .showHelpAfterError('(weft --help lists commands and flags)')
    .exitOverride();
  const wanted = only !== undefined && Object.hasOwn(commands, only) ? commands[only] : undefined;
  for (const create of wanted ? [wanted] : Object.values(commands)) program.addCommand(create());
  if (!wanted) program.addCommand(completeCommand(createProgram), { hidden: true });
  return program;
}

/** Runs the command line and sets the exit code. A user's mistake is one line on stderr; a bug shows its stack and how to report it. */
export async function main(argv: readonly string[]): Promise<void> {
  let ended = false;
  // Without anything left to wait for, Node ends a program in the middle of an await, and calls that a success.
  process.once('beforeExit', () => {
    if (ended) return;
    write('stderr', 'Error: something that weft waits for never ends: an analyzer of a plug-in, or a bug in weft\n');
    process.exitCode = exitCode.error;
  });
  try {
    const program = createProgram(argv[2]);
    inheritExit(program);
    if (argv.length <= 2) program.outputHelp();
    else await program.parseAsync(normalizeBooleans(argv.slice(2), booleanFlags), { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  } finally {
    ended = true;
  }
}

/** Sub-commands throw, too, instead of ending the process. */
function inheritExit(command: Command, path = 'weft'): void {
  for (const child of command.commands) {
    const own = `${path} ${child.name()}`;
    child.exitOverride().showHelpAfterError(`(${own} --help lists its flags)`);
    inheritExit(child, own);
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // commander printed its message already.
    return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  }
  if (error instanceof CliError) {
    write('stderr', `Error: ${error.message}\n${error.help ? `${error.help}\n` : ''}`);
    return error.exit;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  write('stderr', `Error: this is a bug in weft, not in your input:\n${text}\nPlease report it with the input that caused it.\n`);
  return exitCode.error;
}
