// Everything that values stand for, in the order in which it can be applied.
import type { Values } from '../values.ts';
import { renderConfigMaps, renderRecord } from './configmaps.ts';
import { renderController } from './controller.ts';
import { renderCrds } from './crds.ts';
import { renderGateway } from './gateway.ts';
import { renderNamespace } from './namespace.ts';
import type { Context, RenderedObject, RenderOptions } from './object.ts';
import { renderRbac, renderSecretRights } from './rbac.ts';
import { renderWebhooks } from './webhooks.ts';

/** What others need comes first; webhooks come last, when somebody is there to answer them. */
const order = [
  'Namespace',
  'CustomResourceDefinition',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Service',
  'Deployment',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
];

/** Every object of an installation. The same values give the same objects. */
export function renderManifests(values: Values, options: RenderOptions): RenderedObject[] {
  const context: Context = { values, options };
  const parts = [
    ...(values.crds.enabled ? renderCrds(context) : []),
    ...(values.controller.enabled ? [renderRbac, renderConfigMaps, renderController, renderWebhooks].flatMap((render) => render(context)) : []),
    ...renderSecretRights(context),
    ...values.gateways.filter(({ enabled }) => enabled).flatMap((gateway) => renderGateway(context, gateway)),
  ];
  if (parts.length === 0) return [];
  const all = [renderNamespace(context), renderRecord(context), ...parts];
  const rank = ({ object }: RenderedObject): number => order.indexOf(object.kind);
  return all.sort((a, b) => rank(a) - rank(b));
}
