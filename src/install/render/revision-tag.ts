// A tag: a name that namespaces carry instead of a revision, so that they move to another one without a change of their labels.
import { installedNames, type Values } from '../values.ts';
import { maker, type RenderedObject, type RenderOptions } from './object.ts';
import { type PolicyRule, renderTagRbac, webhookRule } from './rbac.ts';
import { mutatingHooks, validatingHooks } from './webhooks.ts';

/** Label of what belongs to a tag. */
export const tagLabel = 'istio.io/tag';

/**
 * What makes a tag of a revision that is installed with these values. The tag `default` has what names no revision at all: then the
 * revision `default` must not have webhooks of its own.
 */
export function renderTag(values: Values, tag: string, options: RenderOptions): RenderedObject[] {
  const context = { values, options };
  const name = installedNames(values.revision).tagWebhook(tag);
  const labels = { [tagLabel]: tag };
  const make = maker(context, 'Controller');
  const validates = tag === 'default' && values.validation.enabled;
  const rules: PolicyRule[] = [
    webhookRule('mutatingwebhookconfigurations', name),
    ...(validates ? [webhookRule('validatingwebhookconfigurations', name)] : []),
  ];
  return [
    ...renderTagRbac(context, tag, rules, labels),
    make('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', { name, labels, webhooks: mutatingHooks(values, tag) }),
    ...(validates ? [make('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', { name, labels, webhooks: validatingHooks(values, tag) })] : []),
  ];
}
