import { Command } from 'commander';
import type { Part } from '../proxy-config/run.ts';

const sources =
  '\nThe proxy is that of the pod, which is reached through the API server: NAME[.NAMESPACE], deploy/NAME, svc/NAME.' +
  '\nWithout a pod it is the one on this machine, on 127.0.0.1:15000 or where --proxy-admin-address or --proxy-admin-port tells; -f names a dump of one.';

/** `weft proxy-config …`, also `weft pc …`: the reference's names, flags and columns. */
export function proxyConfigCommand(): Command {
  const command = new Command('proxy-config')
    .alias('pc')
    .description('Look into a running proxy, embedded or Envoy, or a dump of one: what it has in force, and which of your objects that comes from.');
  part(command, ['listeners', 'listener', 'l'], 'The addresses and ports that it takes, and where each filter chain sends what it takes.', ['listeners'])
    .option('--address <address>', 'only listeners on this address')
    .option('--port <port>', 'only listeners on this port')
    .option('--type <type>', 'only listeners of this type: HTTP, TCP, HTTP+TCP or UNKNOWN')
    .option('--verbose', 'a row for each filter chain (default)')
    .option('--no-verbose', 'a row for each listener');
  part(command, ['routes', 'route', 'r'], 'Virtual hosts and routes, with the VirtualService of each.', ['routes'])
    .option('--name <name>', 'only the route configuration of this name, such as 8080')
    .option('--verbose', 'a row for each route (default)')
    .option('--no-verbose', 'a row for each route configuration');
  part(command, ['clusters', 'cluster', 'c'], 'The services that it knows, by port and subset, with the DestinationRule of each.', ['clusters'])
    .option('--fqdn <text>', 'only those with this in the name of the service')
    .option('--port <port>', 'only those of this port')
    .option('--subset <text>', 'only those with this in the name of the subset')
    .option('--direction <direction>', 'only those that are inbound or outbound');
  part(command, ['endpoints', 'endpoint', 'ep'], 'Where the services are, and whether each endpoint is used: what the registry says, and what was ejected.', [
    'endpoints',
  ])
    .option('--address <address>', 'only this address')
    .option('--port <port>', 'only this port')
    .option('--cluster <name>', 'only those of this cluster, such as "outbound|8080|v1|cart.shop.svc.cluster.local"')
    .option('--status <status>', 'only those of this status, such as unhealthy');
  part(command, ['all', 'a'], 'All of it.', ['clusters', 'listeners', 'routes', 'endpoints'])
    .option('--address <address>', 'only listeners and endpoints of this address')
    .option('--port <port>', 'only listeners, clusters and endpoints of this port')
    .option('--type <type>', 'only listeners of this type: HTTP, TCP, HTTP+TCP or UNKNOWN')
    .option('--name <name>', 'only the route configuration of this name')
    .option('--fqdn <text>', 'only clusters with this in the name of the service')
    .option('--subset <text>', 'only clusters with this in the name of the subset')
    .option('--direction <direction>', 'only clusters that are inbound or outbound')
    .option('--verbose', 'a row for each filter chain and route (default)')
    .option('--no-verbose', 'a row for each listener and route configuration');
  withSource(command, ['bootstrap', 'b'], 'What it was started with; of an embedded sidecar, who it is.')
    .option('-f, --file <file>', 'a dump, or - for standard input')
    .option('-o, --output <format>', 'json or yaml', 'json')
    .action(async (pod: string | undefined, _flags: unknown, own: Command) => {
      const { runBootstrap } = await import('../proxy-config/run.ts');
      process.exitCode = await runBootstrap(pod, own.optsWithGlobals());
    });
  withSource(command, ['log', 'o'], 'The levels of its logs, and a change of them until it ends.')
    .option('--level <levels>', 'LEVEL for all, or LOGGER:LEVEL,…: trace, debug, info, warning, error, critical or off')
    .option('-r, --reset', 'the levels that it was started with; of an embedded sidecar: info')
    .option('-l, --selector <labels>', 'all proxies of the namespace whose pods have these labels')
    .action(async (pod: string | undefined, _flags: unknown, own: Command) => {
      const { runLog } = await import('../proxy-config/log.ts');
      process.exitCode = await runLog(pod, own.optsWithGlobals());
    });
  return command.addHelpText(
    'after',
    `${sources}\n\nExamples:\n  weft pc routes cart-5d8f7.shop --name 8080\n  weft pc clusters deploy/cart -n shop\n  weft pc routes --name 8080\n  weft pc endpoints --status unhealthy\n  weft pc clusters -f dump.json --fqdn cart -o json\n  weft pc log deploy/cart --level http:debug`,
  );
}

function part(command: Command, names: readonly string[], description: string, parts: readonly Part[]): Command {
  return withSource(command, names, description)
    .option('-f, --file <file>', 'a dump, or - for standard input')
    .option('-o, --output <format>', 'short, json or yaml', 'short')
    .action(async (pod: string | undefined, _flags: unknown, own: Command) => {
      const { runProxyConfig } = await import('../proxy-config/run.ts');
      process.exitCode = await runProxyConfig(parts, pod, own.optsWithGlobals());
    });
}

function withSource(command: Command, [name = '', ...aliases]: readonly string[], description: string): Command {
  return command
    .command(name)
    .aliases(aliases)
    .description(description)
    .argument('[pod]', 'of a cluster: NAME[.NAMESPACE], deploy/NAME, svc/NAME')
    .option('--proxy-admin-address <address>', 'HOST:PORT or unix:PATH of its administration, instead of a pod (default: "127.0.0.1:15000")')
    .option('--proxy-admin-port <port>', 'port of its administration, in the pod or on this machine (default: 15000)')
    .addHelpText('after', sources);
}
