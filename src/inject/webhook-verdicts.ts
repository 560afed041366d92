// Which webhooks of a cluster are asked to inject a pod, and why: by their selectors.
import { injectionLabel, injectLabel, revisionLabel } from '../model/injection.ts';
import type { LabelSelector, Webhook } from '../model/kubernetes.ts';
import { isMap, items, text } from '../model/untyped.ts';
import { type Labels, webhookMatches } from '../model/webhooks.ts';

/** A MutatingWebhookConfiguration, as a cluster or a file has it. */
export interface InjectorWebhook {
  name: string;
  /** Of its label `istio.io/rev`; empty without one. */
  revision: string;
  hooks: (Webhook & { name: string })[];
}

export interface Verdict {
  webhook: string;
  revision: string;
  injects: boolean;
  reason: string;
}

/** Webhooks that inject sidecars, of weft or of the reference; others are left out. */
export function injectorWebhooks(configurations: readonly Readonly<Record<string, unknown>>[]): InjectorWebhook[] {
  return configurations.flatMap(({ metadata, webhooks }) => {
    const hooks = items(webhooks as Webhook[]).map((hook) => ({ ...hook, name: text(hook.name) }));
    const injectors = hooks.filter(({ name }) => name === injectorSuffix || name.endsWith(`.${injectorSuffix}`));
    if (injectors.length === 0) return [];
    const { name, labels } = isMap(metadata) ? metadata : {};
    return [{ name: text(name), revision: isMap(labels) ? text(labels[revisionLabel]) : '', hooks: injectors }];
  });
}

const injectorSuffix = 'sidecar-injector.istio.io';

/** Each webhook with what it does for a pod with these labels, in a namespace with those; by name. */
export function verdicts(webhooks: readonly InjectorWebhook[], namespace: Labels, pod: Labels): Verdict[] {
  return webhooks
    .map(({ name, revision, hooks }) => {
      const asked = hooks.find((hook) => webhookMatches(hook, namespace, pod));
      const reason = asked ? whyAsked(asked, namespace, pod) : whyNot(hooks, namespace, pod);
      return { webhook: name, revision, injects: asked !== undefined, reason };
    })
    .sort((a, b) => (a.webhook < b.webhook ? -1 : 1));
}

/** One condition of a selector. */
interface Requirement {
  key: string;
  /** Values of which the label has one; empty: any. */
  values: readonly string[];
  /** The label has none of the values, or is not there. */
  negative: boolean;
}

function requirementsOf(selector: LabelSelector | null | undefined): Requirement[] {
  const { matchLabels, matchExpressions } = selector ?? {};
  return [
    ...Object.entries(isMap(matchLabels) ? matchLabels : {}).map(([key, value]) => ({ key, values: [text(value)], negative: false })),
    ...items(matchExpressions).map(({ key, operator, values }) => ({
      key: text(key),
      values: Array.isArray(values) ? values.map(text) : [],
      negative: operator === 'NotIn' || operator === 'DoesNotExist',
    })),
  ];
}

function whyAsked({ namespaceSelector, objectSelector }: Webhook, namespace: Labels, pod: Labels): string {
  const wanted = (selector: LabelSelector | undefined, labels: Labels): string[] =>
    requirementsOf(selector)
      .filter(({ negative }) => !negative)
      .map(({ key }) => `${key}=${labels[key]}`);
  const [ofNamespace, ofPod] = [wanted(namespaceSelector, namespace), wanted(objectSelector, pod)];
  const parts = [
    ...(ofNamespace.length > 0 ? [`the namespace has ${ofNamespace.join(' and ')}`] : []),
    ...(ofPod.length > 0 ? [`the pod has ${ofPod.join(' and ')}`] : []),
  ];
  return parts.length > 0 ? parts.join(', and ') : 'it is for pods and namespaces without labels, too';
}

/** Labels that keep it from being asked; or else those that it waits for. */
function whyNot(hooks: readonly Webhook[], namespace: Labels, pod: Labels): string {
  const forbidding = [
    ...hooks.flatMap(({ objectSelector }) => forbidden(objectSelector, pod, 'the pod')),
    ...hooks.flatMap(({ namespaceSelector }) => forbidden(namespaceSelector, namespace, 'the namespace')),
  ];
  const [strongest] = forbidding.toSorted((a, b) => rank(a) - rank(b));
  if (strongest && rank(strongest) === 0) return `${strongest.of} has ${strongest.label}`;
  const asks = (of: string, selectors: readonly (LabelSelector | null | undefined)[]): string[] => {
    const wanted = selectors.flatMap((selector) => requirementsOf(selector).filter(({ negative }) => !negative));
    const labels = [...new Set(wanted.map(({ key, values }) => (values.length === 0 ? key : values.map((value) => `${key}=${value}`).join(' or '))))];
    return labels.length === 0 ? [] : [`${labels.join(' or ')} on ${of}`];
  };
  const wanted = [
    ...asks(
      'the namespace',
      hooks.map(({ namespaceSelector }) => namespaceSelector),
    ),
    ...asks(
      'the pod',
      hooks.map(({ objectSelector }) => objectSelector),
    ),
  ];
  return wanted.length > 0 ? `needs ${wanted.join(', or ')}` : strongest ? `${strongest.of} has ${strongest.label}` : 'its selectors match nothing';
}

interface Forbidding {
  of: string;
  key: string;
  label: string;
}

function forbidden(selector: LabelSelector | null | undefined, labels: Labels, of: string): Forbidding[] {
  return requirementsOf(selector)
    .filter(({ key, values, negative }) => negative && Object.hasOwn(labels, key) && (values.length === 0 || values.includes(labels[key] as string)))
    .map(({ key }) => ({ of, key, label: `${key}=${labels[key]}` }));
}

/** Labels that say no by themselves come before those that are for another webhook. */
function rank({ key, label }: Forbidding): number {
  if (key === injectLabel) return 0;
  return key === injectionLabel && label !== `${injectionLabel}=enabled` ? 0 : 1;
}
