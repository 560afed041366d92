// Whether a pod gets a sidecar, once the injector is asked (spec/install.md, 5). Which injector is asked is what the selectors of the
// webhooks say: webhook-match.ts.
import { injectLabel } from '../model/injection.ts';
import type { LabelSelector } from '../model/kubernetes.ts';
import { matchesSelector } from '../model/selectors.ts';
import { isMap } from '../model/untyped.ts';
import type { InjectionConfig } from './config.ts';
import type { PodTemplate } from './pod.ts';

export type Decision = { inject: true } | { inject: false; reason: string };

/** Namespaces of the cluster's own machinery, which are left alone. */
const ignoredNamespaces: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']);

/** What YAML 1.1 calls true, in any case; everything else but the empty text says no. */
const yes: ReadonlySet<string> = new Set(['y', 'yes', 'true', 'on']);

/**
 * In this order: the network of the node, the namespace, what the pod says itself (its label, else its annotation), the selectors of the
 * configuration (never before always), its policy.
 */
export function decide(
  { metadata, spec }: PodTemplate,
  namespace: string,
  { policy, neverInjectSelector, alwaysInjectSelector }: Pick<InjectionConfig, 'policy' | 'neverInjectSelector' | 'alwaysInjectSelector'>,
): Decision {
  if (spec.hostNetwork === true) return no('it uses the network of its node (hostNetwork)');
  if (ignoredNamespaces.has(namespace)) return no(`the namespace ${namespace} belongs to the cluster itself`);
  const labels = metadata.labels ?? {};
  const label = labels[injectLabel];
  const asked = label ?? metadata.annotations?.[injectLabel] ?? '';
  if (yes.has(asked.toLowerCase())) return { inject: true };
  if (asked !== '') return no(`its ${label === undefined ? 'annotation' : 'label'} ${injectLabel} is "${asked}"`);
  if (matchesOne(neverInjectSelector, labels)) return no('its labels match neverInjectSelector of the injector');
  if (matchesOne(alwaysInjectSelector, labels)) return { inject: true };
  if (policy === 'enabled') return { inject: true };
  return no(`the policy of the injector is "disabled", and the pod has no label ${injectLabel}: "true"`);
}

function no(reason: string): Decision {
  return { inject: false, reason };
}

/** A selector without requirements selects nothing here. */
function matchesOne(selectors: readonly unknown[], labels: Readonly<Record<string, string>>): boolean {
  return selectors.some((selector) => {
    if (!isMap(selector)) return false;
    const { matchLabels, matchExpressions } = selector as LabelSelector;
    const isEmpty = Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;
    return !isEmpty && matchesSelector(selector as LabelSelector, labels);
  });
}
