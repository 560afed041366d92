import type { Webhook, WebhookConfiguration } from './kubernetes.ts';
import { matchesSelector } from './selectors.ts';
import { items, text } from './untyped.ts';

export type Labels = Readonly<Record<string, string>>;

export interface NamedWebhook extends Webhook {
  name: string;
}

/** The webhooks of a configuration, in their order. */
export function webhooksOf(configuration: WebhookConfiguration): NamedWebhook[] {
  return items(configuration.raw.webhooks).map((hook) => ({ ...hook, name: text(hook.name) }));
}

/** Istio's own webhooks, by their names. */
export function isIstioWebhook(hook: NamedWebhook): boolean {
  return hook.name.endsWith('istio.io');
}

/** Whether a webhook is called for an object with these labels in a namespace with those. No selector selects everything. */
export function webhookMatches(hook: Webhook, namespaceLabels: Labels, objectLabels: Labels): boolean {
  return matchesSelector(hook.namespaceSelector, namespaceLabels) && matchesSelector(hook.objectSelector, objectLabels);
}
