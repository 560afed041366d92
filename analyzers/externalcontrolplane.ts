import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0163, IST0164 } from '../src/analysis/catalogue/control-plane.ts';
import { isIp } from '../src/manifest/ip.ts';
import { parseUrl, UrlError } from '../src/manifest/url.ts';
import type { WebhookConfiguration } from '../src/model/kubernetes.ts';
import { text } from '../src/model/untyped.ts';
import { webhooksOf } from '../src/model/webhooks.ts';

/** spec/analyze/messages.md, externalcontrolplane.ExternalControlPlaneAnalyzer */
export default defineAnalyzer({
  name: 'externalcontrolplane.ExternalControlPlaneAnalyzer',
  summary: 'webhooks of Istio say where the control plane is, and an external one by a host name',
  reads: ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'],
  preset: 'reference',
  messages: { IST0163, IST0164 },
  check({ mesh, report }) {
    const validating = mesh
      .list('ValidatingWebhookConfiguration')
      .filter(({ name }) => name === 'istiod-default-validator' || name.startsWith('istio-validator'));
    const mutating = mesh.list('MutatingWebhookConfiguration').filter(({ name }) => name.startsWith('istio-sidecar-injector'));
    const check = (configuration: WebhookConfiguration): void => {
      webhooksOf(configuration).forEach(({ name: webhook, clientConfig }, i) => {
        const path = ['webhooks', i, 'clientConfig', 'url'];
        if (clientConfig?.url === undefined || clientConfig.url === null) {
          if (!clientConfig?.service) report('IST0163', configuration, path, { url: '', webhook, problem: 'it has neither a URL nor a service' });
          return;
        }
        const url = text(clientConfig.url);
        const host = hostOfUrl(url);
        if (host === undefined) report('IST0163', configuration, path, { url, webhook, problem: 'is not a URL' });
        else if (isIp(host)) report('IST0164', configuration, path, { url, webhook });
      });
    };
    for (const configuration of [...validating, ...mutating]) check(configuration);
  },
});

/** Undefined for what is not a URL; empty for a URL without a host. */
function hostOfUrl(url: string): string | undefined {
  try {
    return parseUrl(url).host;
  } catch (error) {
    if (error instanceof UrlError) return undefined;
    throw error;
  }
}
