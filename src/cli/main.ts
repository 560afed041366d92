import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { toCliError } from './cluster.ts';
import { analyzeCommand } from './commands/analyze.ts';
import { baselineCommand } from './commands/baseline.ts';
import { bugReportCommand } from './commands/bug-report.ts';
import { completeCommand, completionCommand } from './commands/completion.ts';
import { controllerCommand } from './commands/controller.ts';
import { diffCommand } from './commands/diff.ts';
import { experimentalCommand } from './commands/experimental.ts';
import { explainCommand } from './commands/explain.ts';
import { installCommand, upgradeCommand } from './commands/install.ts';
import { kubeInjectCommand } from './commands/kube-inject.ts';
import { manifestCommand } from './commands/manifest.ts';
import { profileCommand } from './commands/profile.ts';
import { proxyCommand } from './commands/proxy.ts';
import { proxyConfigCommand } from './commands/proxy-config.ts';
import { proxyStatusCommand } from './commands/proxy-status.ts';
import { routeCommand } from './commands/route.ts';
import { tagCommand } from './commands/tag.ts';
import { testCommand } from './commands/test.ts';
import { translateCommand } from './commands/translate.ts';
import { uninstallCommand } from './commands/uninstall.ts';
import { validateCommand } from './commands/validate.ts';
import { verifyInstallCommand } from './commands/verify-install.ts';
import { versionCommand } from './commands/version.ts';
import { xdsCommand } from './commands/xds.ts';
import { CliError, exitCode } from './exit.ts';
import { type BooleanFlag, collect, ignored, normalizeBooleans } from './flags.ts';
import { withLongNames } from './proxy/capture-names.ts';
import { write } from './terminal.ts';

const booleanFlags: readonly BooleanFlag[] = [
  ...['color', 'findings', 'leader-election', 'remote', 'use-kube', 'wait', 'watch'].map((name) => ({ name, negatable: true })),
  ...[
    'all-namespaces',
    'auto-inject-namespaces',
    'capture',
    'clean',
    'cluster-specific',
    'detailed-exitcode',
    'directory',
    'dry-run',
    'fix',
    'force',
    'force-conflicts',
    'full-secrets',
    'ignore-envoy-filters',
    'ignore-unknown',
    'ignoreUnmeshed',
    'list-analyzers',
    'live',
    'log_as_json',
    'only-new',
    'overwrite',
    'plaintext',
    'purge',
    'recursive',
    'referential',
    'reset',
    'reset-values',
    'reuse-values',
    'run-validation',
    'short',
    'skip-confirmation',
    'skip-controlplane',
    'skip-rule-apply',
    'static',
    'status-conditions',
    'verbose',
    'verify',
  ].map((name) => ({ name })),
  { name: 'k', no: '--no-use-kube' },
  ...['A', 'L', 'R', 's', 'v', 'x', 'y'].map((name) => ({ name })),
];

/** Commands that are verbose unless told otherwise. */
const verboseByDefault: ReadonlySet<string | undefined> = new Set(['proxy-config', 'pc']);

const commands: Readonly<Record<string, () => Command>> = {
  analyze: analyzeCommand,
  validate: validateCommand,
  translate: translateCommand,
  test: testCommand,
  route: routeCommand,
  diff: diffCommand,
  proxy: proxyCommand,
  xds: xdsCommand,
  controller: controllerCommand,
  'proxy-status': proxyStatusCommand,
  'proxy-config': proxyConfigCommand,
  'bug-report': bugReportCommand,
  baseline: baselineCommand,
  explain: explainCommand,
  completion: completionCommand,
  'kube-inject': kubeInjectCommand,
  install: installCommand,
  upgrade: upgradeCommand,
  uninstall: uninstallCommand,
  'verify-install': verifyInstallCommand,
  tag: tagCommand,
  manifest: manifestCommand,
  profile: profileCommand,
  experimental: experimentalCommand,
  version: versionCommand,
};

/** For help and errors of usage: what goes away while it reads them is no error. */
const streams: OutputConfiguration = { writeOut: (text) => write('stdout', text), writeErr: (text) => write('stderr', text) };

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
    .option('--as <user>', 'act as this user of the cluster')
    .option('--as-group <group>', 'with --as: act as a member of this group; may be given several times', collect)
    .option('--as-uid <uid>', 'with --as: act with this UID')
    .option('--kubeclient-timeout <duration>', 'how long one answer of the cluster may take', '15s')
    .addOption(ignored('--vklog <level>'))
    .addOption(ignored('--log_output_level <levels>'))
    .addOption(ignored('--log_as_json'))
    .addOption(ignored('--log_caller <scopes>'))
    .addOption(ignored('--log_target <targets>'))
    .addOption(ignored('--log_stacktrace_level <levels>'))
    .helpCommand(true)
    .configureOutput(streams)
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
    const flags = verboseByDefault.has(argv[2]) ? [...booleanFlags, { name: 'verbose', negatable: true }] : booleanFlags;
    inheritExit(program);
    if (argv.length <= 2) program.outputHelp();
    else await program.parseAsync(normalizeBooleans(withLongNames(argv.slice(2)), flags), { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  } finally {
    ended = true;
  }
}

/** Sub-commands throw, too, instead of ending the process, and write as the program does. */
function inheritExit(command: Command, path = 'weft'): void {
  for (const child of command.commands) {
    const own = `${path} ${child.name()}`;
    child.exitOverride().configureOutput(streams).showHelpAfterError(`(${own} --help lists its flags)`);
    inheritExit(child, own);
  }
}

function report(thrown: unknown): number {
  const error = toCliError(thrown);
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
