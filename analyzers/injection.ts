import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0102, IST0103, IST0123, IST0148 } from '../src/analysis/catalogue/injection.ts';
import {
  containersOf,
  dataplaneModeLabel,
  injectionLabel,
  injectLabel,
  injectorName,
  injectorValues,
  proxyImageOf,
  revisionLabel,
} from '../src/model/injection.ts';
import type { Namespace, Pod } from '../src/model/kubernetes.ts';
import { isMap, items } from '../src/model/untyped.ts';

const messages = { IST0102, IST0103, IST0123, IST0148 };

/** spec/analyze/messages.md, injection.Analyzer */
export default defineAnalyzer({
  name: 'injection.Analyzer',
  summary: 'namespaces say clearly whether their pods get sidecars, and the pods have them',
  reads: ['Namespace', 'Pod', 'ConfigMap'],
  preset: 'reference',
  messages,
  check(context) {
    const { mesh, report } = context;
    const webhook = injectorValues(mesh).get(injectorName(''))?.sidecarInjectorWebhook;
    const byDefault = isMap(webhook) && webhook.enableNamespacesByDefault === true;
    for (const namespace of mesh.list('Namespace')) {
      if (namespace.name !== 'istio-system' && isInjected(context, namespace, byDefault)) {
        for (const pod of mesh.listIn('Pod', namespace.name)) {
          if (lacksProxy(pod)) report('IST0103', pod, ['metadata', 'name'], { pod: pod.fullName });
        }
      }
    }
  },
});

/** Says what is to be said of a namespace's labels. @returns whether each pod of it has to have a sidecar */
function isInjected({ report }: Context<typeof messages>, namespace: Namespace, byDefault: boolean): boolean {
  const { name, labels } = namespace;
  const injection = labels[injectionLabel];
  const others = injection === undefined || injection === 'enabled' ? [revisionLabel, dataplaneModeLabel] : [];
  const given = [injectionLabel, ...others].filter((label) => labels[label] !== undefined).map((label) => `${label}=${labels[label]}`);
  if (given.length > 1) report('IST0123', namespace, ['metadata', 'labels'], { labels: given });
  if (labels[dataplaneModeLabel] === 'ambient') return false;
  if (!injection && labels[revisionLabel] === undefined) {
    report(byDefault ? 'IST0148' : 'IST0102', namespace, ['metadata', 'name'], { namespace: name });
    return false;
  }
  return injection === 'enabled';
}

function lacksProxy({ labels, annotations, spec }: Pod): boolean {
  const asked = labels[injectLabel] ?? annotations[injectLabel] ?? '';
  if (asked.toLowerCase() === 'false' || spec.hostNetwork === true) return false;
  return proxyImageOf([...containersOf(spec), ...items(spec.initContainers)]) === '';
}
