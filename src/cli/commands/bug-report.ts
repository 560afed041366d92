import { Command, Option } from 'commander';
import { collect, ignored } from '../flags.ts';

/** `weft bug-report`: the reference's flags, where they make sense here (spec/analyze/commands.md), and ours. */
export function bugReportCommand(): Command {
  return new Command('bug-report')
    .description('Write an archive of everything that tells why a mesh does what it does, without what is secret in it.')
    .option('-f, --filename <files>', 'manifests, too, or instead of a cluster; comma-separated or given several times', collect)
    .option('-k, --use-kube', 'the cluster beside files or a proxy. Also by --context or --kubeconfig; on by default without these')
    .option('--no-use-kube', 'never read a cluster')
    .option('--meshConfigFile <file>', 'mesh configuration')
    .option('--proxy-admin-address <address>', 'a proxy on this machine, too: HOST:PORT or unix:PATH of its administration')
    .option('--include <spec>', 'pods whose configuration, statistics and logs are wanted; may be given several times', collect)
    .option('--exclude <spec>', 'pods or containers that are not wanted; may be given several times', collect)
    .option('--start-time <time>', 'logs from this time on, such as 2026-01-31T23:00:00Z')
    .option('--end-time <time>', 'logs up to this time')
    .option('--duration <duration>', 'logs of so long before --end-time, or before now')
    .option('--max-log-size <MiB>', 'of each container, the end of its log', '10')
    .option('--max-size <MiB>', 'of all files, before they are compressed', '1000')
    .option('--proxy-admin-port <port>', 'where proxies in pods have their administration', '15000')
    .option('--rq-concurrency <number>', 'requests to the cluster at a time', '8')
    .option('--timeout <duration>', 'after this time, what is not there yet is left out', '30m')
    .option('--output-dir <directory>', 'where to write bug-report.tar.gz', '.')
    .option('-o, --output <format>', 'text: the path of the archive; json: what is in it', 'text')
    .option('--dry-run', 'list what would be in it; nothing is written, and no proxy is asked')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .addOption(new Option('--istio-namespace <name>').hideHelp())
    .addOption(new Option('--full-secrets').hideHelp())
    .addOption(new Option('--critical-errs <patterns>').argParser(collect).hideHelp())
    .addOption(new Option('--ignore-errs <patterns>').argParser(collect).hideHelp())
    .addOption(ignored('--dir <directory>'))
    .addHelpText(
      'after',
      `
SPEC is NAMESPACES/DEPLOYMENTS/PODS/LABELS/ANNOTATIONS/CONTAINERS. Each part may be left out, has commas between several, and * for any text.

Examples:
  weft bug-report
  weft bug-report --include shop --duration 2h --output-dir /tmp
  weft bug-report --include 'shop/cart,pay*' --include '///app=gateway' --exclude '/////istio-init'
  weft bug-report -f mesh/ --proxy-admin-address 127.0.0.1:15000`,
    )
    .action(async (flags: { istioNamespace?: string }, own: Command) => {
      const { runBugReport } = await import('../bug-report/run.ts');
      const { istioNamespace } = flags;
      process.exitCode = await runBugReport({ ...own.optsWithGlobals(), ...(istioNamespace === undefined ? {} : { istioNamespace }) });
    });
}
