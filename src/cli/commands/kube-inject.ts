import { Command } from 'commander';
import { collect } from '../flags.ts';
import { givenNamespace } from './install.ts';

/** `weft kube-inject`: the reference's name and flags (spec/analyze/commands.md). */
export function kubeInjectCommand(): Command {
  return new Command('kube-inject')
    .description('Put sidecars into the pods of manifests, as the webhook does to the pods of a cluster. Everything else stays as it is.')
    .option('-f, --filename <file>', 'file or directory with manifests, or - for standard input; may be given several times', collect)
    .option('-o, --output <file>', 'write there, instead of to standard output')
    .option('--injectConfigFile <file>', 'configuration of the injector, or its ConfigMap; no cluster is asked then')
    .option('--meshConfigFile <file>', 'mesh configuration, or its ConfigMap')
    .option('--valuesFile <file>', 'values of the injector, for a configuration that names no image')
    .option('--operatorFileName <file>', 'values as weft install -f takes them: inject what an installation with these would')
    .option('-r, --revision <name>', 'revision of the control plane, or a tag of one')
    .option('--injectConfigMapName <name>', 'ConfigMap with the configuration of the injector (default: that of the revision)')
    .option('--meshConfigMapName <name>', 'ConfigMap with the mesh configuration (default: that of the revision)')
    .option('--webhookConfig <name>', 'MutatingWebhookConfiguration whose revision is taken, where none is named')
    .option('--engine <engine>', 'embedded or envoy, instead of what the configuration says')
    .addHelpText(
      'after',
      '\nExamples:\n  weft kube-inject -f deployment.yaml | kubectl apply -f -\n  weft kube-inject -f deployment.yaml -o injected.yaml --injectConfigFile injector.yaml',
    )
    .action(async (_flags: unknown, own: Command) => {
      const { runKubeInject } = await import('../inject/run.ts');
      process.exitCode = await runKubeInject({ ...own.optsWithGlobals(), givenNamespace: givenNamespace(own) });
    });
}
