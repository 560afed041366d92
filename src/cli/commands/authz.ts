import { Command } from 'commander';
import { collect } from '../flags.ts';

/** `weft experimental authz …` */
export function authzCommand(): Command {
  const command = new Command('authz').description('Ask what AuthorizationPolicies do.');
  command
    .command('check')
    .description('List the policies of a workload in the order in which they are asked, or say what they make of a request, and why.')
    .argument('[what...]', 'a workload: pod/NAME[.NAMESPACE], deploy/NAME, NAME.NAMESPACE, svc/NAME, gateway/NAME; or a request: METHOD URL')
    .option('--from <workload>', 'the caller of the request: deploy/NAME.NAMESPACE, pod/NAME, NAME.NAMESPACE')
    .option('--gateway <namespace/name>', 'the request comes from outside to this gateway')
    .option('-H, --header <header>', 'a header of the request, as "name: value"; may be given several times', collect)
    .option('--to <address>', 'the address that the caller connects to (default: one of the host)')
    .option('--client-ip <address>', 'the address of the caller')
    .option('--jwks <file>', 'keys of token issuers that are not in the mesh itself, as FILE or ISSUER=FILE; may be given several times', collect)
    .option('--claims <json>', 'the payload of a token that is taken to be verified')
    .option('-f, --filename <files>', 'manifests instead of the cluster, comma-separated or given several times; or one dump of a proxy', collect)
    .option('-k, --use-kube', 'lay the files over the cluster. Also by --context or --kubeconfig; on by default without files')
    .option('--no-use-kube', 'never read a cluster')
    .option('--live', 'ask the proxy of the pod, which runs, for what it has in force')
    .option('--proxy-admin-address <address>', 'with --live: HOST:PORT or unix:PATH of its administration, instead of a pod')
    .option('--proxy-admin-port <port>', 'with --live: port of its administration, in the pod or on this machine')
    .option('--meshConfigFile <file>', 'mesh configuration')
    .option('-o, --output <format>', 'text, json or yaml', 'text')
    .option('--color', 'colour the output')
    .option('--no-color', 'do not colour the output')
    .addHelpText(
      'after',
      '\nExamples:\n  weft x authz check cart-5d8f7.shop\n  weft x authz check svc/cart -n shop -f mesh/\n  weft x authz check -f dump.json\n  weft x authz check --from deploy/web.shop POST http://cart.shop:8080/items -f mesh/',
    )
    .action(async (what: string[], _flags: unknown, own: Command) => {
      const { runAuthzCheck } = await import('../authz/run.ts');
      process.exitCode = await runAuthzCheck(what, own.optsWithGlobals());
    });
  return command;
}
