import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0146, IST0147 } from '../src/analysis/catalogue/injection.ts';
import { containersOf, proxyContainer } from '../src/model/injection.ts';
import type { PodSpec } from '../src/model/kubernetes.ts';
import { isIstioWebhook, webhookMatches, webhooksOf } from '../src/model/webhooks.ts';

/** spec/analyze/messages.md, injection.ImageAutoAnalyzer */
export default defineAnalyzer({
  name: 'injection.ImageAutoAnalyzer',
  summary: 'containers with `image: auto` are going to be injected',
  reads: ['Namespace', 'Pod', 'Deployment', 'MutatingWebhookConfiguration'],
  preset: 'reference',
  messages: { IST0146, IST0147 },
  check({ mesh, knows, report }) {
    for (const pod of mesh.list('Pod')) {
      const index = autoContainer(pod.spec);
      if (index >= 0) report('IST0147', pod, ['spec', 'containers', index, 'image'], { kind: 'Pod', name: pod.name });
    }
    const webhooks = mesh.list('MutatingWebhookConfiguration').flatMap(webhooksOf).filter(isIstioWebhook);
    for (const deployment of mesh.list('Deployment')) {
      const { metadata, spec } = deployment.spec.template ?? {};
      const index = autoContainer(spec ?? {});
      if (index < 0 || !knows('MutatingWebhookConfiguration')) continue;
      const namespace = mesh.find('Namespace', '', deployment.namespace || 'default');
      if (!namespace && !knows('Namespace')) continue;
      if (webhooks.some((hook) => webhookMatches(hook, namespace?.labels ?? {}, metadata?.labels ?? {}))) continue;
      const path = ['spec', 'template', 'spec', 'containers', index, 'image'];
      report('IST0146', deployment, path, { kind: 'Deployment', name: deployment.name });
    }
  },
});

function autoContainer(spec: PodSpec): number {
  return containersOf(spec).findIndex(({ name, image }) => name === proxyContainer && image === 'auto');
}
