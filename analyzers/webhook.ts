import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0139 } from '../src/analysis/catalogue/control-plane.ts';
import { injectionLabel, injectLabel, revisionLabel } from '../src/model/injection.ts';
import type { WebhookConfiguration } from '../src/model/kubernetes.ts';
import { matchesSelector } from '../src/model/selectors.ts';
import { items } from '../src/model/untyped.ts';
import { isIstioWebhook, type Labels, type NamedWebhook, webhooksOf } from '../src/model/webhooks.ts';

const messages = { IST0139 };

interface Hook {
  configuration: WebhookConfiguration;
  index: number;
  hook: NamedWebhook;
  /** Configuration and webhook; webhooks of one name in one configuration count as one. */
  fullName: string;
}

/** spec/analyze/messages.md, webhook.Analyzer */
export default defineAnalyzer({
  name: 'webhook.Analyzer',
  summary: 'at most one webhook injects a pod, and the service behind it exists',
  reads: ['MutatingWebhookConfiguration', 'Service'],
  preset: 'reference',
  messages,
  check(context) {
    const configurations = context.mesh
      .list('MutatingWebhookConfiguration')
      .map((configuration) => ({ configuration, hooks: webhooksOf(configuration), revisions: revisionsOf(configuration) }))
      .filter(({ hooks, revisions }) => revisions.length > 0 || hooks.some(isIstioWebhook));
    const hooks = configurations.flatMap(({ configuration, hooks }) =>
      hooks.map((hook, index): Hook => ({ configuration, index, hook, fullName: `${configuration.name}/${hook.name}` })),
    );
    checkOverlap(context, hooks, new Set(configurations.flatMap(({ revisions }) => revisions)));
    checkServices(context, hooks);
  },
});

/** The revisions that a configuration is for, by its label or the selectors of its webhooks. */
function revisionsOf(configuration: WebhookConfiguration): string[] {
  const selectors = webhooksOf(configuration).flatMap(({ namespaceSelector, objectSelector }) => [namespaceSelector, objectSelector]);
  const named = selectors.flatMap((selector) => [
    selector?.matchLabels?.[revisionLabel],
    ...items(selector?.matchExpressions).flatMap(({ key, values }) => (key === revisionLabel && Array.isArray(values) ? values : [])),
  ]);
  return [...new Set([configuration.labels[revisionLabel], ...named].filter((revision) => revision !== undefined))];
}

/** All that a namespace or a pod can say about injection: a label or none, and each revision or none. */
function permutations(label: string, values: readonly string[], revisions: ReadonlySet<string>): Labels[] {
  const base: Labels[] = [{}, ...values.map((value) => ({ [label]: value }))];
  return [...base, ...[...revisions].flatMap((revision) => base.map((labels) => ({ ...labels, [revisionLabel]: revision })))];
}

function checkOverlap({ report }: Context<typeof messages>, hooks: readonly Hook[], revisions: ReadonlySet<string>): void {
  const byName = new Map(hooks.map((hook) => [hook.fullName, hook]));
  const pods = permutations(injectLabel, ['true', 'false'], revisions);
  const seen = new Set<string>();
  for (const namespace of permutations(injectionLabel, ['enabled', 'disabled'], revisions)) {
    const inNamespace = hooks.filter(({ hook }) => matchesSelector(hook.namespaceSelector, namespace));
    if (inNamespace.length < 2) continue;
    for (const pod of pods) {
      const names = [...new Set(inNamespace.filter(({ hook }) => matchesSelector(hook.objectSelector, pod)).map(({ fullName }) => fullName))].sort();
      const together = names.join(' ');
      if (names.length < 2 || seen.has(together)) continue;
      seen.add(together);
      for (const name of names) {
        const { configuration, index, hook } = byName.get(name) as Hook;
        const others = names.filter((other) => other !== name).join(' ');
        const problem = `webhook ${hook.name} injects the same pods as [${others}], so a sidecar may be injected twice`;
        const help = 'keep one of them for each revision, or make their namespaceSelector and objectSelector exclude each other';
        report('IST0139', configuration, ['webhooks', index], { problem, same: `overlap ${others}` }, { help });
      }
    }
  }
}

function checkServices({ mesh, knows, report }: Context<typeof messages>, hooks: readonly Hook[]): void {
  for (const { configuration, index, hook } of hooks) {
    const service = hook.clientConfig?.service;
    if (!service) continue;
    const { namespace = '', name = '' } = service;
    if (mesh.find('Service', namespace, name) || !knows('Service')) continue;
    const fullName = namespace === '' ? name : `${namespace}/${name}`;
    const problem = `webhook ${hook.name} calls the service ${fullName} of a control plane, and there is no such service`;
    const help = 'remove the configuration if that control plane is gone, or correct clientConfig.service';
    report('IST0139', configuration, ['webhooks', index, 'clientConfig', 'service'], { problem, same: `service ${fullName}` }, { help });
  }
}
