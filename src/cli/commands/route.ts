import { Command } from 'commander';
import { collect } from '../flags.ts';

/** `weft route …`: what becomes of requests. */
export function routeCommand(): Command {
  const command = new Command('route').description('Ask what the mesh does with a request.');
  command
    .command('explain')
    .description('Say where a request goes, by which rule, why not by the rules before it, and how long it can take.')
    .argument('<request...>', 'METHOD URL, or a URL alone for GET: http://HOST[:PORT]/PATH, /PATH with -H "Host: …", tcp://HOST:PORT')
    .option('-H, --header <header>', 'a header of the request, as "name: value"; may be given several times', collect)
    .option('--from <workload>', 'the caller: deploy/NAME.NAMESPACE, pod/NAME, NAME.NAMESPACE (default: a sidecar without a workload, in the namespace of -n)')
    .option('--gateway <namespace/name>', 'the request comes from outside to this gateway: a Gateway resource, or the workload of gateways')
    .option('--to <address>', 'the address that the caller connects to (default: one of the host)')
    .option('--client-ip <address>', 'the address of the caller: gateways tell it to services, and some rules ask for it')
    .option('--jwks <file>', 'keys of token issuers that are not in the mesh itself, as FILE or ISSUER=FILE; may be given several times', collect)
    .option('--claims <json>', 'the payload of a token that is taken to be verified')
    .option('-f, --filename <files>', 'files or directories, comma-separated or given several times', collect)
    .option('-k, --use-kube', 'read the cluster; files are laid over it. Also by --context or --kubeconfig')
    .option('--no-use-kube', 'never read a cluster')
    .option('--meshConfigFile <file>', 'mesh configuration')
    .option('-o, --output <format>', 'text, json or yaml', 'text')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .addHelpText(
      'after',
      "\nExamples:\n  weft route explain GET http://payment-service:8080/pay -f mesh/\n  weft route explain POST http://payment-service.shop/pay -H 'x-user: a' --from deploy/cart.shop -k\n  weft route explain GET https://shop.example.com/ --gateway edge/public -f mesh/",
    )
    .action(async (request: string[], _flags: unknown, own: Command) => {
      const { runExplain } = await import('../route/explain.ts');
      process.exitCode = await runExplain(request, own.optsWithGlobals());
    });
  return command;
}
